/** The project's three functions, seen from outside. */
import { loadKeyRing, publicJwks } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { parseJson } from "../setup/ask.ts";
import { isInClear, jwksUrlOf, projectRef } from "../setup/project-url.ts";
import { askForJwks } from "../setup/remote-jwks.ts";
import { type Check, checkOfTold, skipped } from "./check.ts";
import { examineFunction, type FunctionFound } from "./functions.ts";
import { checkDeployedKeys, checkOfAuth, compareWithOwn, examineJwks, type JwksFound } from "./jwks.ts";
import { concernsProject, type ExamineOptions, expectedInstance } from "./scope.ts";
import { unpackToken } from "./tokens/pasted-token.ts";
import { weighVerdicts } from "./deployed-verdict.ts";
import { isForDeployment } from "./secrets.ts";
import { signInAnonymously } from "./sign-in.ts";
import { examineUserToken } from "./user-token/user-token.ts";

const USER_TOKEN = { id: "user-token", title: "Token of a signed-in user" };

/** The live JWKS; without a project or address, what the file's keys would publish. */
export async function findJwks(options: ExamineOptions): Promise<JwksFound> {
  const { file, project, powersync, slowMs, timeoutMs } = options;
  const ownUrl = project === undefined ? undefined : jwksUrlOf(project);
  const url = options.jwksUrl ?? ownUrl;
  const ring = await loadKeyRing(readKeySecrets(file?.variables ?? {}));
  if (url === undefined) {
    return { checks: [], ...(ring.published.length > 0 ? { body: publicJwks(ring) } : {}) };
  }
  const isDeployment = file !== undefined && isForDeployment(file);
  const live = await examineJwks({ url, powersync, isDeployment, slowMs, timeoutMs });
  const ofAuth = checkOfAuth({ url, body: live.body });
  const own = url === ownUrl || ownUrl === undefined ? undefined : await askForJwks(ownUrl, { timeoutMs });
  const compared = ofAuth.length > 0 || own?.kind !== "answer"
    ? ofAuth
    : compareWithOwn({ url, body: live.body }, parseJson(own.text));
  const deployed = concernsProject(options) && compared.every(({ status }) => status !== "failed")
    ? checkDeployedKeys(ring.published, live.body)
    : [];
  return { ...live, checks: [...compared, ...live.checks, ...deployed] };
}

/** The auth functions, with every credential that is known. */
export async function examineProject(
  { project, ...options }: ExamineOptions,
  { reachable }: { reachable: boolean },
): Promise<FunctionFound[]> {
  const { publishableKey, userToken, signInAnonymously = false } = options;
  if (project !== undefined && reachable && isInClear(project)) {
    const seen = "They were not called: without TLS, anybody on the way could read the tokens. Use https.";
    return [{ checks: [skipped({ id: "functions", title: "Auth functions" }, seen, { wanted: true })] }];
  }
  if (project === undefined || !reachable) {
    const seen = project === undefined
      ? "No project is known: pass --project <ref>, or link one."
      : "The project cannot be reached.";
    const wanted = userToken !== undefined || publishableKey !== undefined || signInAnonymously;
    if (project === undefined && !wanted) return [];
    const subject = { id: "functions", title: "Auth functions" };
    const { checks } = await readUserToken({ ...options, project });
    return [{ checks: [...checks, skipped(subject, seen, { wanted })] }];
  }
  const found = await examineFunctions({ ...options, project });
  const isKeyRefused = found.some(({ checks }) => checks.some(({ cause }) => cause === "API_KEY_INVALID"));
  if (!options.isKeyGuessed || !isKeyRefused) return found;
  return await examineFunctions({ ...options, project, publishableKey: undefined });
}

interface SignedIn {
  readonly checks: Check[];
  readonly accessToken?: string;
  /** By the file's settings the token is good. */
  readonly isAccepted?: boolean;
}

/** The user token that was given: what is in it, and whether the functions will take it. */
async function readUserToken(options: ExamineOptions): Promise<SignedIn> {
  const { userToken, project, publishableKey, timeoutMs, now } = options;
  if (userToken === undefined) return { checks: [] };
  const { token, around = "" } = unpackToken(userToken);
  const told = await examineUserToken(token, {
    variables: concernsProject(options) ? options.file?.variables ?? {} : {},
    supabaseUrl: project,
    projectRef: project === undefined ? undefined : projectRef(project),
    publishableKey,
    timeoutMs,
    now,
  });
  const checks = told.map((one) => checkOfTold(USER_TOKEN, one));
  const [first, ...others] = checks;
  const seen = `${around} ${first?.seen ?? ""}`.trim();
  return {
    checks: first === undefined ? [] : [{ ...first, seen }, ...others],
    accessToken: token,
    isAccepted: told.every(({ status, set }) => status !== "failed" && set === undefined) &&
      told.some(({ id }) => id === "user-token-accepted"),
  };
}

async function examineFunctions(
  options: ExamineOptions & { readonly project: string },
): Promise<FunctionFound[]> {
  const { project, publishableKey, timeoutMs } = options;
  const expected = expectedInstance(options);
  const call = (name: FunctionName, credentials: Readonly<Record<string, string>> | undefined) =>
    examineFunction({ name, url: `${project}/functions/v1/${name}`, credentials, expected, timeoutMs });
  const apikey = publishableKey === undefined ? undefined : { apikey: publishableKey };
  const anonymous = await call("powersync-auth-anonymous", apikey);
  const signedIn = await findUserToken(options);
  const user = signedIn.accessToken === undefined
    ? undefined
    : { ...apikey, Authorization: `Bearer ${signedIn.accessToken}` };
  const verdicts = {
    told: signedIn.checks,
    auth: await call("powersync-auth", user),
    isAccepted: signedIn.isAccepted ?? false,
  };
  const found = [anonymous, ...weighVerdicts(verdicts)];
  if (apikey !== undefined || anonymous.checks.some(({ status }) => status === "failed")) return found;
  const subject = { id: "anonymous-token", title: "Anonymous token" };
  return [...found, { checks: [skipped(subject, "Pass --publishable-key to get one.")] }];
}

type FunctionName = "powersync-auth" | "powersync-auth-anonymous";

async function findUserToken(
  options: ExamineOptions & { readonly project: string },
): Promise<SignedIn> {
  const { project, publishableKey, userToken, timeoutMs, signInAnonymously: wanted } = options;
  if (userToken !== undefined) return await readUserToken(options);
  if (wanted !== true) {
    const seen = "Pass --user-token, or --sign-in-anonymously to get one.";
    return { checks: [skipped(USER_TOKEN, seen)] };
  }
  if (publishableKey === undefined) {
    return { checks: [skipped(USER_TOKEN, "Signing in needs --publishable-key.", { wanted })] };
  }
  const { check, ...found } = await signInAnonymously(project, { publishableKey, timeoutMs });
  return { checks: [check], ...found };
}
