/** Commands that can be pasted: how secrets are changed and functions deployed in the set-up at hand. */
import { FUNCTION_NAMES } from "../setup/function-names.ts";
import type { EnvChange, Fix, FixContext } from "./fix-context.ts";

/** What `keys` does. */
const NEW_KEY =
  "The first command creates a new key. If you still have the right one, set that instead: one JWK, as JSON or its base64.";

export const RECREATE_CONTAINER = "docker compose up -d --force-recreate --no-deps functions";
export const READ_CONTAINER_LOG = "docker compose logs --tail 50 functions";
export const READ_LOG = "The function's log says why: dashboard, Edge Functions, the function, Logs.";
export const COPY_INSTANCE = "Copy the instance's URL, without a path, from PowerSync's dashboard.";

const COPY_URL =
  "Copy the instance's URL from PowerSync's dashboard, under Connect; self-hosted, it is the service's address.";

export function run(note: string, ...commands: readonly string[]): Fix {
  return { commands, note };
}

/** When new secrets take effect. */
function whenRead({ project, file }: FixContext): string {
  if (project === "self-hosted") return "";
  return project === "local" || file.isLocal
    ? "Restart the functions: they read the file when they start."
    : "Running functions may use the old values for up to ten minutes.";
}

/** Changes the file and then the deployment; where the file has nothing to change, the deployment alone. */
export function changeSecrets(context: FixContext, change: EnvChange, text = whenRead(context)): Fix {
  const { remove = [], rename = [], instance, byHand, newKey } = change;
  const { file: { names }, project } = context;
  const url = instance && (context.powersync ?? change.set?.POWERSYNC_URL ?? context.endpoint);
  if (byHand) return correctByHand(context, text);
  if (instance && url === undefined) return correctByHand(context, COPY_URL);
  const set = url === undefined ? change.set ?? {} : { ...change.set, POWERSYNC_URL: url };
  const gone = unset(context, [...remove, ...rename.slice(0, 1)]);
  const isElsewhere = remove.length > 0 && !remove.some((name) => names?.includes(name));
  if (isElsewhere && project !== "hosted") {
    return upload(
      context,
      `Remove ${remove.join(", ")} from the functions' environment; ${context.file.path} does not have it.`,
    );
  }
  if (newKey || project !== "hosted" || (names !== undefined && !isElsewhere)) {
    const { commands, note } = upload(context, noteOfEdit(change, context) ?? text);
    return run(note, ...editCommands({ ...change, set }, context), ...commands, ...gone);
  }
  const pairs = pairsOf(set);
  const sets = pairs.length === 0 ? [] : [supabase(context, "secrets", "set", ...pairs, "--yes")];
  return run(text, ...sets, ...gone);
}

/** A command with a value to fill in would fail as it is printed, so it is a part of the sentence. */
function correctByHand(context: FixContext, text: string): Fix {
  const { commands: [command], note: how } = upload(context, "");
  const edit = `${context.file.names === undefined ? "Write it into" : "Edit"} ${context.file.path}`;
  const then = command === undefined ? "." : `, then upload it: ${command}`;
  return run([text, how, `${edit}${then}`].filter((part) => part !== "").join(" "));
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
function unset(context: FixContext, names: readonly string[]): string[] {
  return names.length === 0 || context.file.isLocal || context.project !== "hosted"
    ? []
    : [supabase(context, "secrets", "unset", ...names, "--yes")];
}

/** Sets the secrets of the file. */
export function upload(context: FixContext, text = whenRead(context)): Fix {
  const { file, project } = context;
  if (file.isLocal || project === "local") return run(text);
  if (project === "self-hosted") {
    const how =
      `First, add ${context.file.path} as \`env_file\` to the service \`functions\` in Supabase's docker-compose.yml.`;
    return run(`${how} ${text}`.trim(), RECREATE_CONTAINER);
  }
  return run(text, supabase(context, "secrets", "set", "--env-file", context.file.path, "--yes"));
}

export function deploy(context: FixContext, text = "", ...flags: readonly string[]): Fix {
  const { project, invocation } = context;
  if (project === "local") return run(text, invocation.task("dev"));
  if (project === "self-hosted") {
    const how = `First, copy the folders of ${
      invocation.path("supabase/functions")
    } into volumes/functions of Supabase's docker folder.`;
    return run(`${how} ${text}`.trim(), "docker compose restart functions --no-deps");
  }
  return run(
    text,
    supabase(context, "functions", "deploy", ...FUNCTION_NAMES, "--use-api", ...flags, "--yes"),
  );
}

/** Something else answers at the functions' address. */
export function deployInPlace(context: FixContext): Fix {
  return deploy(context, "Something else answers there. This deploys the functions in its place.");
}

export function deployTogether(context: FixContext): Fix {
  return deploy(context, `Deploy all three together. ${whenRead(context)}`);
}

/** Sets the file's key, if it is good; else a new one. */
export function deployKey(context: FixContext): Fix {
  return context.file.canSign
    ? upload(context, `The key in the file is good. ${whenRead(context)}`)
    : changeSecrets(context, { newKey: true });
}

/** Fixes a setting that is wrong in the deployment: with the file's value, the instance that was named, or the default. */
export function deploySetting(context: FixContext, name: string): Fix {
  const { file, powersync } = context;
  const isOther = name === "POWERSYNC_URL" && powersync !== undefined && powersync !== file.url;
  if (file.names?.includes(name) && !isOther) return upload(context);
  return name === "POWERSYNC_URL" ? changeSecrets(context, { instance: true }) : changeSecrets(
    context,
    { remove: [name] },
    `Without ${name}, its default applies. ${whenRead(context)}`,
  );
}

export function deployUrl(context: FixContext): Fix {
  return deploySetting(context, "POWERSYNC_URL");
}

/** Fixes the audience of the functions' tokens: it becomes the file's, or the instance's URL, which is the default. */
export function deployAudience(context: FixContext): Fix {
  const { audiences, file } = context;
  if (audiences.length > 0) {
    return changeSecrets(context, { set: { POWERSYNC_AUDIENCE: audiences.join(",") } });
  }
  return file.names?.includes("POWERSYNC_AUDIENCE") ? upload(context) : withoutAudience(context);
}

export function withoutAudience(context: FixContext): Fix {
  const text =
    "Without POWERSYNC_AUDIENCE, POWERSYNC_URL is the audience. To keep yours, add it to the instance's Client Auth instead.";
  return changeSecrets(context, { remove: ["POWERSYNC_AUDIENCE"] }, `${text} ${whenRead(context)}`);
}

/** What PowerSync's own configuration must hold. */
export function tellPowerSync(context: FixContext): Fix {
  const { invocation, file, projectName } = context;
  const of = projectName === undefined ? [] : ["--project", projectName];
  const from = file.isLocal || file.names === undefined ? [] : invocation.envFile(file.path);
  return run(
    `The command prints the values for PowerSync's Client Auth. The JWKS URI is ${
      jwksUri(context)
    }. Save and deploy them there.`,
    invocation.task("config", ...from, ...of),
  );
}

export function jwksUri({ jwksUrl }: FixContext): string {
  return jwksUrl ?? "https://<project ref>.supabase.co/functions/v1/powersync-jwks";
}

export function logNote({ project }: FixContext): string {
  return project === "self-hosted" ? `Read the log: ${READ_CONTAINER_LOG}` : READ_LOG;
}

/** A command of the CLI for the project that is named or linked. */
export function supabase({ invocation, ref }: FixContext, ...words: readonly string[]): string {
  const project = ref === undefined ? [] : ["--project-ref", ref];
  return invocation.supabase(...words, ...project);
}
