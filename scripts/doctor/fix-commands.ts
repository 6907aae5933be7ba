/** Commands that can be pasted: how secrets are changed and functions deployed in the set-up at hand. */
import { FUNCTION_NAMES } from "../setup/function-names.ts";
import type { EnvChange, Fix, FixContext } from "./fix-context.ts";

/** What `keys` does. */
const NEW_KEY =
  "The first command creates a new key. If you still have the right one, set that instead: one JWK, as JSON or its base64.";

export const RECREATE_CONTAINER = "docker compose up -d --force-recreate --no-deps functions";
export const READ_CONTAINER_LOG = "docker compose logs --tail 50 functions";
export const READ_LOG = "The function's log says why: dashboard, Edge Functions, the function, Logs.";
const ISOLATES = "Running functions may use the old values for up to ten minutes.";
const RESTART = "Restart the functions: they read the file when they start.";
export const COPY_INSTANCE = "Copy the instance's URL, without a path, from PowerSync's dashboard.";

const COPY_URL =
  "Copy the instance's URL from PowerSync's dashboard, under Connect; self-hosted, it is the service's address.";

/** When new secrets take effect. */
export function whenRead({ project, file }: FixContext): string {
  if (project === "self-hosted") return "";
  return project === "local" || file.isLocal ? RESTART : ISOLATES;
}

/** The parts of a check that a fix depends on. */
export interface Found {
  readonly id: string;
  readonly cause?: string;
  readonly hint?: string;
}

/** The fix of a cause. */
export type MakeFix = (context: FixContext, found: Found) => Fix;

/** A fix that is the same everywhere, without commands. */
export const say = (text: string): MakeFix => () => note(text);

/** A fix without commands. */
export function note(text: string): Fix {
  return { commands: [], note: text };
}

/** Changes the file and then the deployment; where the file has nothing to change, the deployment alone. */
export function changeSecrets(change: EnvChange, context: FixContext, hint: string): Fix {
  const { remove = [], rename, instance, byHand, newKey } = change;
  const { file: { names }, project } = context;
  const url = instance && (context.powersync ?? change.set?.POWERSYNC_URL ?? context.endpoint);
  if (byHand) return correctByHand(context, hint);
  if (instance && url === undefined) return correctByHand(context, COPY_URL);
  const set = url === undefined ? change.set ?? {} : { ...change.set, POWERSYNC_URL: url };
  const gone = unset([...remove, ...(rename === undefined ? [] : [rename[0]])], context);
  const isElsewhere = remove.length > 0 && !remove.some((name) => names?.includes(name));
  if (isElsewhere && project !== "hosted") {
    return upload(
      context,
      `Remove ${remove.join(", ")} from the functions' environment; ${pathOf(context)} does not have it.`,
    );
  }
  if (newKey || project !== "hosted" || (names !== undefined && !isElsewhere)) {
    const { commands, note } = upload(context, noteOfEdit(change, context) ?? hint);
    return { commands: [...editCommands({ ...change, set }, context), ...commands, ...gone], note };
  }
  const pairs = pairsOf(set);
  const sets = pairs.length === 0 ? [] : [supabase(context, "secrets", "set", ...pairs, "--yes")];
  return { commands: [...sets, ...gone], note: hint };
}

/** A command with a value to fill in would fail as it is printed, so it is a part of the sentence. */
function correctByHand(context: FixContext, hint: string): Fix {
  const { commands: [command], note: how } = upload(context, "");
  const edit = `${context.file.names === undefined ? "Write it into" : "Edit"} ${pathOf(context)}`;
  const then = command === undefined ? "." : `, then upload it: ${command}`;
  return note([hint, how, `${edit}${then}`].filter((part) => part !== "").join(" "));
}

function editCommands(change: EnvChange, { invocation, file }: FixContext): string[] {
  const { set = {}, remove = [], rename, newKey } = change;
  const path = invocation.envFile(file.path);
  const words = [
    ...pairsOf(set),
    ...remove.flatMap((name) => ["--remove", name]),
    ...(rename === undefined ? [] : ["--rename", rename.join("=")]),
  ];
  const edit = invocation.task("edit-secrets", ...path, ...words);
  if (!newKey) return [edit];
  const hasKey = file.names?.some((name) => /^POWERSYNC_(PRIVATE|PUBLIC)_KEY/.test(name));
  const keys = invocation.task("keys", ...(hasKey ? ["--force"] : []), ...path);
  return [keys, ...(words.length === 0 ? [] : [edit])];
}

/** What an edit does, where the finding's own words say what a person would do. */
function noteOfEdit(change: EnvChange, context: FixContext): string | undefined {
  const [removed = ""] = change.remove ?? [];
  const wait = whenRead(context);
  if (change.newKey) return `${NEW_KEY} ${wait}`;
  if (Object.keys(change).length === 0) {
    return "The first command repairs the format; the values stay the same.";
  }
  if (removed.startsWith("POWERSYNC_PUBLIC_KEY")) {
    return "It is not needed: the JWKS has the public half of each signing key anyway.";
  }
  if (removed.startsWith("POWERSYNC_PRIVATE_KEY")) return `The other key keeps signing. ${wait}`;
  return change.instance ? wait : undefined;
}

function pairsOf(set: Readonly<Record<string, string>>): string[] {
  return Object.entries(set).map(([name, value]) => `${name}=${value}`);
}

/** Removes what an upload of the file leaves. */
function unset(names: readonly string[], context: FixContext): string[] {
  return names.length === 0 || context.file.isLocal || context.project !== "hosted"
    ? []
    : [supabase(context, "secrets", "unset", ...names, "--yes")];
}

/** Sets the secrets of the file. */
export function upload(context: FixContext, text: string): Fix {
  const { file, project } = context;
  if (file.isLocal || project === "local") return note(text);
  if (project === "self-hosted") {
    const how = `First, add ${
      pathOf(context)
    } as \`env_file\` to the service \`functions\` in Supabase's docker-compose.yml.`;
    return { commands: [RECREATE_CONTAINER], note: `${how} ${text}`.trim() };
  }
  return {
    commands: [supabase(context, "secrets", "set", "--env-file", pathOf(context), "--yes")],
    note: text,
  };
}

/** Deploys the functions again. */
export function deploy(context: FixContext, text: string, ...flags: readonly string[]): Fix {
  const { project, invocation } = context;
  if (project === "local") return { commands: [invocation.task("dev")], note: text };
  if (project === "self-hosted") {
    const how = `First, copy the folders of ${
      invocation.path("supabase/functions")
    } into volumes/functions of Supabase's docker folder.`;
    return { commands: ["docker compose restart functions --no-deps"], note: `${how} ${text}`.trim() };
  }
  return {
    commands: [supabase(context, "functions", "deploy", ...FUNCTION_NAMES, "--use-api", ...flags, "--yes")],
    note: text,
  };
}

/** Sets the file's key, if it is good; else a new one. */
export function deployKey(context: FixContext): Fix {
  return context.file.canSign
    ? upload(context, `The key in the file is good. ${whenRead(context)}`)
    : changeSecrets({ newKey: true }, context, "");
}

/**
 * Fixes a setting that is wrong in the deployment: with the file's value, the instance that was named, or the default.
 *
 * @param code The error code, such as `POWERSYNC_URL_MISSING`.
 */
export function deploySetting(code: string, context: FixContext): Fix {
  const { file, powersync } = context;
  const name = code.replace(/_(MISSING|INVALID)$/, "");
  const isOther = name === "POWERSYNC_URL" && powersync !== undefined && powersync !== file.url;
  if (file.names?.includes(name) && !isOther) return upload(context, whenRead(context));
  return name === "POWERSYNC_URL"
    ? changeSecrets({ instance: true }, context, whenRead(context))
    : changeSecrets(
      { remove: [name] },
      context,
      `Without ${name}, its default applies. ${whenRead(context)}`,
    );
}

/** Fixes the audience that the functions' tokens have: the file's, or the instance's URL, which is the default. */
export function deployAudience(context: FixContext, { isRefused }: { isRefused: boolean }): Fix {
  const name = "POWERSYNC_AUDIENCE";
  if (context.audiences.length > 0 && !isRefused) {
    return changeSecrets({ set: { [name]: context.audiences.join(",") } }, context, whenRead(context));
  }
  if (context.file.names?.includes(name) && !isRefused) return upload(context, whenRead(context));
  const text =
    `Without ${name}, POWERSYNC_URL is the audience. To keep yours, add it to the instance's Client Auth instead. ${
      whenRead(context)
    }`;
  return changeSecrets({ remove: [name] }, context, text);
}

/** What PowerSync's own configuration must hold. */
export function tellPowerSync(context: FixContext): Fix {
  const { invocation, file, projectName } = context;
  const of = projectName === undefined ? [] : ["--project", projectName];
  const from = file.isLocal || file.names === undefined ? [] : invocation.envFile(file.path);
  return {
    commands: [invocation.task("config", ...from, ...of)],
    note: `The command prints the values for PowerSync's Client Auth. The JWKS URI is ${
      jwksUri(context)
    }. Save and deploy them there.`,
  };
}

/** The JWKS URI to enter in PowerSync. */
export function jwksUri({ jwksUrl }: FixContext): string {
  return jwksUrl ?? "https://<project ref>.supabase.co/functions/v1/powersync-jwks";
}

/** Where the log is. */
export function logNote({ project }: FixContext): string {
  return project === "self-hosted" ? `Read the log: ${READ_CONTAINER_LOG}` : READ_LOG;
}

/** The file from the reader's folder. */
function pathOf({ file }: FixContext): string {
  return file.path;
}

/** A command of the CLI for the project that is named or linked. */
export function supabase({ invocation, ref }: FixContext, ...words: readonly string[]): string {
  const project = ref === undefined ? [] : ["--project-ref", ref];
  return invocation.supabase(...words, ...project);
}
