/** Commands that can be pasted: how secrets are changed and functions deployed in the set-up at hand. */
import { shellWord } from "../cli/invocation.ts";

/** What heals a fault. */
export interface Fix {
  /** In this order, each complete. */
  readonly commands: readonly string[];
  /** What the commands cannot say; what to do where there is no command. */
  readonly note: string;
}

/** A change of the secrets: the file is changed first, or its next upload brings the fault back. */
export interface EnvChange {
  readonly set?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
  /** From one name to another. */
  readonly rename?: readonly [from: string, to: string];
  /** A new key in the place of those in the file. */
  readonly newKey?: true;
}

/** The set-up that the commands are for. */
export interface FixContext {
  /** How the reader starts tasks: `deno task`. */
  readonly task: string;
  /** This command again, without secrets. */
  readonly again: string;
  /** The secrets of the deployment; for a finding in a local file, that file. */
  readonly file: FixFile;
  readonly project: ProjectKind;
  /** The project's reference or URL, where it is known. */
  readonly projectName: string | undefined;
  readonly ref: string | undefined;
  readonly jwksUrl: string | undefined;
  /** The JWKS URI that was named is not the project's. */
  readonly isOtherJwksUrl: boolean;
  /** The instance that was named. */
  readonly powersync: string | undefined;
}

/** The secrets file that a fix changes. */
export interface FixFile {
  readonly path: string;
  /** It is for this computer: it is not uploaded. */
  readonly isLocal: boolean;
  /** The variables in it; `undefined` when there is no such file. */
  readonly names: readonly string[] | undefined;
  /** It has a key that signs. */
  readonly canSign: boolean;
}

/** Where the functions run, which decides how they are deployed. */
export type ProjectKind = "hosted" | "self-hosted" | "local";

/** The functions, by name: a project may have others that need the gateway's check. */
const FUNCTIONS = "powersync-jwks powersync-auth powersync-auth-anonymous";

/** What to put the instance's URL in the place of. */
export const URL_TO_FILL_IN = "https://YOUR-INSTANCE.powersync.journeyapps.com";
export const COPY_INSTANCE = "Copy the instance's URL from PowerSync's dashboard: without a path.";
const COPY_URL = "Put the instance's URL from PowerSync's dashboard in the place of YOUR-INSTANCE.";

export const RECREATE_CONTAINER = "docker compose up -d --force-recreate --no-deps functions";
export const READ_CONTAINER_LOG = "docker compose logs --tail 50 functions";
export const READ_LOG = "Its log says why: in the dashboard, Edge Functions, the function, Logs.";
export const ISOLATES = "Isolates may keep the old values for ten minutes.";

/** The values that a setting may have in any project. */
const SAFE_VALUES: Readonly<Record<string, string>> = {
  POWERSYNC_TOKEN_TTL: "300",
  POWERSYNC_SESSION_CHECK: "token",
};

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
  const { set = {}, remove = [], rename } = change;
  const { file: { names }, ref } = context;
  const text = set.POWERSYNC_URL === URL_TO_FILL_IN ? COPY_URL : hint;
  const gone = unset([...remove, ...(rename === undefined ? [] : [rename[0]])], context);
  const isInFile = names !== undefined &&
    (remove.length === 0 || remove.some((name) => names.includes(name)));
  if (isInFile || change.newKey || context.project !== "hosted") {
    const { commands, note } = upload(context, text);
    return { commands: [`${context.task} ${editCommand(change, context.file)}`, ...commands, ...gone], note };
  }
  const pairs = pairsOf(set);
  const sets = pairs === "" ? [] : [`supabase secrets set ${pairs}${refFlag(ref)} --yes`];
  return { commands: [...sets, ...gone], note: text };
}

function editCommand({ set = {}, remove = [], rename, newKey }: EnvChange, { path }: FixFile): string {
  const file = `--env-file ${shellWord(path)}`;
  if (newKey) return `keys -- --force ${file}`;
  const words = [
    pairsOf(set),
    ...remove.map((name) => `--remove ${name}`),
    ...(rename === undefined ? [] : [`--rename ${rename.join("=")}`]),
  ];
  return ["edit-secrets --", file, ...words].filter((word) => word !== "").join(" ");
}

function pairsOf(set: Readonly<Record<string, string>>): string {
  return Object.entries(set).map(([name, value]) => shellWord(`${name}=${value}`)).join(" ");
}

/** Removes what an upload of the file leaves. */
function unset(names: readonly string[], { project, file, ref }: FixContext): string[] {
  return names.length === 0 || file.isLocal || project !== "hosted"
    ? []
    : [`supabase secrets unset ${names.join(" ")}${refFlag(ref)} --yes`];
}

/** Sets the secrets of the file. */
export function upload({ file, project, ref }: FixContext, text: string): Fix {
  if (file.isLocal || project === "local") return note(text);
  if (project === "self-hosted") {
    const how =
      `Before, give the service \`functions\` in Supabase's docker-compose.yml the variables of ${file.path} (\`env_file\`).`;
    return { commands: [RECREATE_CONTAINER], note: `${how} ${text}`.trim() };
  }
  return {
    commands: [`supabase secrets set --env-file ${shellWord(file.path)}${refFlag(ref)} --yes`],
    note: text,
  };
}

/** Deploys the functions again. */
export function deploy({ project, ref, task }: FixContext, text: string, flags = ""): Fix {
  if (project === "local") return { commands: [`${task} dev`], note: text };
  if (project === "self-hosted") {
    const how =
      "Before, copy the folders of supabase/functions into volumes/functions of Supabase's docker folder.";
    return { commands: ["docker compose restart functions --no-deps"], note: `${how} ${text}`.trim() };
  }
  return {
    commands: [`supabase functions deploy ${FUNCTIONS} --use-api${flags}${refFlag(ref)} --yes`],
    note: text,
  };
}

/** Sets the file's key, if it is good; else a new one. */
export function deployKey(context: FixContext, { hint = "" }: Found): Fix {
  if (context.file.canSign) return upload(context, ISOLATES);
  return changeSecrets({ newKey: true }, context, `${hint} ${ISOLATES}`.trim());
}

/**
 * Mends a setting that is wrong in the deployment: with the file's value, one that fits any project, or its default.
 *
 * @param code The error code, such as `POWERSYNC_URL_MISSING`.
 */
export function deploySetting(code: string, context: FixContext): Fix {
  const name = code.replace(/_(MISSING|INVALID)$/, "");
  const isUrl = name === "POWERSYNC_URL";
  const value = isUrl ? context.powersync : SAFE_VALUES[name];
  if (context.file.names?.includes(name) && (value === undefined || !isUrl)) return upload(context, ISOLATES);
  if (value !== undefined) return changeSecrets({ set: { [name]: value } }, context, ISOLATES);
  return isUrl
    ? changeSecrets({ set: { [name]: URL_TO_FILL_IN } }, context, "")
    : changeSecrets({ remove: [name] }, context, ISOLATES);
}

/** What PowerSync's own configuration must hold. */
export function tellPowerSync(context: FixContext): Fix {
  const { task, file, projectName } = context;
  const of = projectName === undefined ? "" : ` --project ${shellWord(projectName)}`;
  const from = file.isLocal || file.names === undefined ? "" : ` --env-file ${shellWord(file.path)}`;
  return {
    commands: [`${task} config --${from}${of}`],
    note: `It prints what PowerSync's Client Auth must hold. The JWKS URI is ${
      jwksUri(context)
    }. Save it there.`,
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

function refFlag(ref: string | undefined): string {
  return ref === undefined ? "" : ` --project-ref ${ref}`;
}
