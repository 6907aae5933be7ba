import { loadKeyRing, publicJwks } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { audiencesOf } from "../setup/audience.ts";
import { isLoopback, jwksUrlOf } from "../setup/project-url.ts";
import { examineFunction, type FunctionFound } from "./auth-functions.ts";
import { type Check, failed, skipped } from "./check.ts";
import { checkClocks, clockAhead } from "./clock.ts";
import { checkDeployedKeys, examineJwks, type JwksFound } from "./jwks.ts";
import { askInstance, type InstanceFound } from "./powersync.ts";
import { checkSecrets, type SecretsFile } from "./secrets.ts";
import { signInAnonymously } from "./sign-in.ts";
import { examineToken, type TokenFound } from "./token.ts";
import { checkPowerSyncUrl } from "./url.ts";

/** What is to be examined. */
export interface ExamineOptions {
  /** The file with secrets; `undefined` when there is none. */
  readonly file: SecretsFile | undefined;
  /** The project's URL. */
  readonly project?: string | undefined;
  /** The JWKS' address, when it is not the project's. */
  readonly jwksUrl?: string | undefined;
  readonly publishableKey?: string | undefined;
  /** The access token of a user. */
  readonly userToken?: string | undefined;
  readonly signInAnonymously?: boolean | undefined;
  /** The PowerSync instance to ask, without trailing slash. */
  readonly powersync?: string | undefined;
  /** A token to explain. */
  readonly token?: string | undefined;
  /** What PowerSync is configured with; by default the instance, or where the functions send clients. */
  readonly audiences: readonly string[];
  /** Seconds since 1970. */
  readonly now: () => number;
  /** As long as PowerSync waits for a JWKS. */
  readonly slowMs: number;
  /** As long as any server may take. */
  readonly timeoutMs: number;
}

/** A token to try, and the result of the rules. */
interface Candidate extends TokenFound {
  readonly token: string;
}

/** What PowerSync sees: the JWKS, and the time by the servers' clock in seconds since 1970. */
interface ServerView {
  readonly jwks: unknown;
  readonly nowSeconds: number;
}

/** Examines a set-up: its file, its deployment, and whether PowerSync accepts its tokens. */
export async function examine(options: ExamineOptions): Promise<Check[]> {
  const { file, now, powersync } = options;
  const secrets = file === undefined ? noFile(options) : await checkSecrets(file, now());
  const given = powersync === undefined
    ? []
    : checkPowerSyncUrl({ id: "powersync-given", title: "--powersync" }, powersync);
  const jwks = await findJwks(options);
  const ahead = jwks.response === undefined ? undefined : clockAhead(jwks.response, now());
  const servers: ServerView = { jwks: jwks.body, nowSeconds: now() + (ahead ?? 0) };
  const functions = await examineProject(options, { reachable: jwks.response !== undefined });
  const tokens = [
    ...await examineGivenToken(options, { servers, endpoint: functions.find(sendsClients)?.endpoint }),
    ...await examineFunctionTokens(functions, { options, servers }),
  ];
  const instance = await askPowerSync(options, tokens);
  const instanceAhead = instance?.response === undefined ? undefined : clockAhead(instance.response, now());
  return [
    ...secrets,
    ...given,
    ...jwks.checks,
    ...functions.flatMap(({ checks }) => checks),
    ...tokens.flatMap(({ checks }) => checks),
    ...(instance === undefined ? [] : [instance.check]),
    ...checkClocks({ functions: ahead, powersync: instanceAhead }),
  ];
}

function sendsClients({ endpoint }: FunctionFound): boolean {
  return endpoint !== undefined;
}

async function examineGivenToken(
  options: ExamineOptions,
  { servers, endpoint }: { servers: ServerView; endpoint: string | undefined },
): Promise<Candidate[]> {
  const { token } = options;
  if (token === undefined) return [];
  const audiences = audiencesFor(options, endpoint);
  return [{
    token,
    ...await examineToken({ id: "token", title: "Token" }, { token, audiences, ...servers }),
  }];
}

async function examineFunctionTokens(
  functions: readonly FunctionFound[],
  { options, servers }: { options: ExamineOptions; servers: ServerView },
): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  for (const { token, endpoint = "", name = "" } of functions) {
    if (token === undefined) continue;
    const audiences = audiencesFor(options, endpoint);
    const subject = { id: "function-token", title: `Token of ${name}` };
    const causes = { "key-found": "jwks-without-signing-key" } as const;
    candidates.push({ token, ...await examineToken(subject, { token, audiences, causes, ...servers }) });
  }
  return candidates;
}

async function examineProject(
  { project, ...options }: ExamineOptions,
  { reachable }: { reachable: boolean },
): Promise<FunctionFound[]> {
  if (project === undefined) return [];
  if (reachable) return await examineFunctions({ ...options, project });
  return [{
    checks: [skipped({ id: "functions", title: "Auth functions" }, "The project cannot be reached.")],
  }];
}

function noFile({ project, token, jwksUrl }: ExamineOptions): Check[] {
  const subject = { id: "env-file", title: "Secrets file" };
  const elsewhere = project ?? token ?? jwksUrl;
  if (elsewhere !== undefined) {
    return [skipped(subject, "No file here; the deployment is checked.")];
  }
  return [failed(subject, "env-file-missing", { seen: "There is no such file." })];
}

/** The live JWKS; without a project or address, what the file's keys would publish. */
async function findJwks(options: ExamineOptions): Promise<JwksFound> {
  const { file, project, powersync, slowMs, timeoutMs } = options;
  const url = options.jwksUrl ?? (project === undefined ? undefined : jwksUrlOf(project));
  const ring = await loadKeyRing(readKeySecrets(file?.variables ?? {}));
  if (url === undefined) {
    return { checks: [], ...(ring.published.length > 0 ? { body: publicJwks(ring) } : {}) };
  }
  const local = isLoopback(url);
  const live = await examineJwks({ url, local, powersync, slowMs, timeoutMs });
  const deployed = concernsProject(options) ? checkDeployedKeys(ring.published, live.body) : [];
  return { ...live, checks: [...live.checks, ...deployed] };
}

async function examineFunctions(
  options: ExamineOptions & { readonly project: string },
): Promise<FunctionFound[]> {
  const { project, publishableKey, powersync, timeoutMs } = options;
  const call = (name: FunctionName, credentials: Readonly<Record<string, string>> | undefined) =>
    examineFunction({ name, url: `${project}/functions/v1/${name}`, credentials, powersync, timeoutMs });
  const apikey = publishableKey === undefined ? undefined : { apikey: publishableKey };
  const anonymous = await call("powersync-auth-anonymous", apikey);
  const signedIn = await findUserToken(options);
  const user = signedIn.accessToken === undefined
    ? undefined
    : { ...apikey, Authorization: `Bearer ${signedIn.accessToken}` };
  const found = [anonymous, { checks: signedIn.checks }, await call("powersync-auth", user)];
  if (apikey !== undefined) return found;
  const subject = { id: "anonymous-token", title: "Anonymous token" };
  return [...found, { checks: [skipped(subject, "Give --publishable-key to get one.")] }];
}

type FunctionName = "powersync-auth" | "powersync-auth-anonymous";

async function findUserToken(
  { project, publishableKey, userToken, timeoutMs, signInAnonymously: wanted }: ExamineOptions & {
    readonly project: string;
  },
): Promise<{ checks: Check[]; accessToken?: string }> {
  if (userToken !== undefined) return { checks: [], accessToken: userToken };
  const subject = { id: "user-token", title: "Token of a signed-in user" };
  if (wanted !== true) {
    return { checks: [skipped(subject, "Give --user-token or --sign-in-anonymously to get one.")] };
  }
  if (publishableKey === undefined) {
    return { checks: [skipped(subject, "Signing in needs --publishable-key.")] };
  }
  const { check, ...found } = await signInAnonymously(project, { publishableKey, timeoutMs });
  return { checks: [check], ...found };
}

/** `--audience`, or the file's of the same set-up; else the instance that is asked or that clients are sent to. */
function audiencesFor(options: ExamineOptions, endpoint?: string): readonly string[] {
  const variables = concernsProject(options) ? options.file?.variables ?? {} : {};
  const { POWERSYNC_AUDIENCE } = variables;
  const url = options.powersync ?? endpoint ?? variables.POWERSYNC_URL ?? "";
  const stated = options.audiences.length > 0 || POWERSYNC_AUDIENCE?.trim() || url.trim();
  return stated ? audiencesOf({ POWERSYNC_AUDIENCE, POWERSYNC_URL: url }, options.audiences) : [];
}

/** The file of local development says nothing about a deployment. */
function concernsProject({ file, project, jwksUrl }: ExamineOptions): boolean {
  const url = jwksUrl ?? project;
  return file !== undefined && (!file.local || url === undefined || isLoopback(url));
}

async function askPowerSync(
  { powersync, timeoutMs }: ExamineOptions,
  candidates: readonly Candidate[],
): Promise<InstanceFound | undefined> {
  if (powersync === undefined) return undefined;
  const [candidate] = candidates;
  if (candidate === undefined) {
    const subject = { id: "powersync", title: "PowerSync instance" };
    const seen = "No token to ask it with: give --token, or --project with --publishable-key.";
    return { check: skipped(subject, seen) };
  }
  // A header cannot hold a line break or a typographic quotation mark (RFC 9110, section 5.5).
  if (!/^[\x21-\x7e]+$/.test(candidate.token)) {
    const seen = "It was not asked: the token holds white space or other characters that no token has.";
    return { check: skipped({ id: "powersync", title: "PowerSync instance" }, seen) };
  }
  const url = powersync.replace(/\/+$/, "");
  return await askInstance({ url, token: candidate.token, tokenIsGood: candidate.good, timeoutMs });
}
