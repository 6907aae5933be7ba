import { loadKeyRing, publicJwks } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { isLoopback } from "../keys/local-only.ts";
import { jwksUrlOf } from "../project-url.ts";
import { examineFunction, type FunctionFound } from "./auth-functions.ts";
import { type Check, failed, skipped } from "./check.ts";
import { checkClocks, clockAhead } from "./clock.ts";
import { checkDeployedKeys, examineJwks, type JwksFound } from "./jwks.ts";
import { askInstance, type InstanceFound } from "./powersync.ts";
import { checkSecrets, type SecretsFile } from "./secrets.ts";
import { signInAnonymously } from "./sign-in.ts";
import { examineToken } from "./token.ts";
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

/** A token that can be tried, and whether it is good as far as can be seen from here. */
interface Candidate {
  readonly token: string;
  readonly good: boolean;
}

/** Examines a set-up: what stands in its file, what is deployed, and what PowerSync makes of it. */
export async function examine(options: ExamineOptions): Promise<Check[]> {
  const { file, now } = options;
  const checks: Check[] = file === undefined ? noFile(options) : await checkSecrets(file, now());
  if (options.powersync !== undefined) {
    checks.push(...checkPowerSyncUrl({ id: "powersync-given", title: "--powersync" }, options.powersync));
  }
  const jwks = await findJwks(options);
  checks.push(...jwks.checks);
  const reachable = jwks.response !== undefined;
  const functions = options.project === undefined
    ? []
    : reachable
    ? await examineFunctions({ ...options, project: options.project })
    : [{ checks: [skipped({ id: "functions", title: "Auth functions" }, "The project cannot be reached.")] }];
  const jwksAhead = jwks.response === undefined ? undefined : clockAhead(jwks.response, now());
  const candidates: Candidate[] = [];
  for (const found of functions) {
    checks.push(...found.checks);
    if (found.token === undefined) continue;
    const audiences = options.audiences.length > 0
      ? options.audiences
      : [options.powersync ?? found.endpoint ?? ""];
    const subject = { id: "function-token", title: "Token of the function" };
    const causes = { "key-found": "jwks-without-signing-key" } as const;
    const nowSeconds = now() + (jwksAhead ?? 0);
    const examined = await examineToken(subject, {
      token: found.token,
      jwks: jwks.body,
      audiences,
      nowSeconds,
      causes,
    });
    checks.push(...examined.checks);
    candidates.push({ token: found.token, good: examined.good });
  }
  if (options.token !== undefined) {
    const subject = { id: "token", title: "Token" };
    const { checks: found, good } = await examineToken(subject, {
      token: options.token,
      jwks: jwks.body,
      audiences: audiencesFor(options),
      nowSeconds: now() + (jwksAhead ?? 0),
    });
    checks.push(...found);
    candidates.unshift({ token: options.token, good });
  }
  const instance = await askPowerSync(options, candidates);
  if (instance !== undefined) checks.push(instance.check);
  const powersync = instance?.response === undefined ? undefined : clockAhead(instance.response, now());
  return [...checks, ...checkClocks({ functions: jwksAhead, powersync })];
}

function noFile({ project, token, jwksUrl }: ExamineOptions): Check[] {
  const subject = { id: "env-file", title: "Secrets file" };
  const elsewhere = project ?? token ?? jwksUrl;
  if (elsewhere !== undefined) {
    return [skipped(subject, "There is none here; what is deployed is looked at.")];
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
  const comparable = file !== undefined && (!file.local || local);
  const deployed = comparable ? checkDeployedKeys(ring.published, live.body) : [];
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
  return [...found, { checks: [skipped(subject, "Give --publishable-key to have one made.")] }];
}

type FunctionName = "powersync-auth" | "powersync-auth-anonymous";

async function findUserToken(
  { project, publishableKey, userToken, signInAnonymously: wanted }: ExamineOptions & {
    readonly project: string;
  },
): Promise<{ checks: Check[]; accessToken?: string }> {
  if (userToken !== undefined) return { checks: [], accessToken: userToken };
  const subject = { id: "user-token", title: "Token of a signed-in user" };
  if (wanted !== true) {
    return { checks: [skipped(subject, "Give --user-token or --sign-in-anonymously to have one made.")] };
  }
  if (publishableKey === undefined) {
    return { checks: [skipped(subject, "Signing in needs --publishable-key.")] };
  }
  const { check, ...found } = await signInAnonymously(project, publishableKey);
  return { checks: [check], ...found };
}

function audiencesFor({ audiences, powersync, file }: ExamineOptions): readonly string[] {
  if (audiences.length > 0) return audiences;
  const url = powersync ?? file?.variables.POWERSYNC_URL?.trim();
  return url === undefined || url === "" ? [] : [url.replace(/\/+$/, "")];
}

async function askPowerSync(
  { powersync, timeoutMs }: ExamineOptions,
  candidates: readonly Candidate[],
): Promise<InstanceFound | undefined> {
  if (powersync === undefined) return undefined;
  const [candidate] = candidates;
  if (candidate === undefined) {
    const subject = { id: "powersync", title: "PowerSync instance" };
    const seen = "There is no token to ask it with: give --token, or --project with --publishable-key.";
    return { check: skipped(subject, seen) };
  }
  const url = powersync.replace(/\/+$/, "");
  return await askInstance({ url, token: candidate.token, tokenIsGood: candidate.good, timeoutMs });
}
