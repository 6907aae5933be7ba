/** The project's three functions, seen from outside. */
import { loadKeyRing, publicJwks } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { parseJson } from "../setup/ask.ts";
import { jwksUrlOf, projectRef } from "../setup/project-url.ts";
import { askForJwks } from "../setup/remote-jwks.ts";
import { type Check, checkOfTold, skipped } from "./check.ts";
import { examineFunction, type FunctionFound } from "./functions.ts";
import { checkDeployedKeys, compareWithOwn, examineJwks, type JwksFound } from "./jwks.ts";
import { concernsProject, type ExamineOptions, expectedInstance } from "./scope.ts";
import { unpackToken } from "./pasted-token.ts";
import { signInAnonymously } from "./sign-in.ts";
import type { Told } from "./told.ts";
import { examineUserToken, settleUserToken } from "./user-token.ts";

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
  const live = await examineJwks({ url, powersync, slowMs, timeoutMs });
  const own = options.jwksUrl === undefined || ownUrl === undefined
    ? undefined
    : await askForJwks(ownUrl, { timeoutMs });
  const compared = options.jwksUrl === undefined
    ? []
    : compareWithOwn({ url, body: live.body }, own?.kind === "answer" ? parseJson(own.text) : undefined);
  const deployed = concernsProject(options) && compared.length === 0
    ? checkDeployedKeys(ring.published, live.body)
    : [];
  return { ...live, checks: [...live.checks, ...compared, ...deployed] };
}

/** The auth functions, with every credential that is known. */
export async function examineProject(
  { project, ...options }: ExamineOptions,
  { reachable }: { reachable: boolean },
): Promise<FunctionFound[]> {
  const { publishableKey, userToken, signInAnonymously = false } = options;
  if (project === undefined || !reachable) {
    const seen = project === undefined
      ? "No project is known: give --project <ref>, or link one."
      : "The project cannot be reached.";
    const wanted = userToken !== undefined || publishableKey !== undefined || signInAnonymously;
    if (project === undefined && !wanted) return [];
    const subject = { id: "functions", title: "Auth functions" };
    const { told } = await readUserToken({ ...options, project });
    const checks = told.map((one) => checkOfTold(USER_TOKEN, one));
    return [{ checks: [...checks, skipped(subject, seen, { wanted })] }];
  }
  const found = await examineFunctions({ ...options, project });
  const isKeyRefused = found.some(({ checks }) => checks.some(({ cause }) => cause === "API_KEY_INVALID"));
  if (!options.isKeyGuessed || !isKeyRefused) return found;
  return await examineFunctions({ ...options, project, publishableKey: undefined });
}

/** What is in the user token that was given. */
async function readUserToken(options: ExamineOptions): Promise<UserToken> {
  const { userToken, project, publishableKey, timeoutMs, now } = options;
  if (userToken === undefined) return { told: [] };
  const { token, around = "" } = unpackToken(userToken);
  const [first, ...others] = await examineUserToken(token, {
    variables: concernsProject(options) ? options.file?.variables ?? {} : {},
    supabaseUrl: project,
    projectRef: project === undefined ? undefined : projectRef(project),
    publishableKey,
    timeoutMs,
    now,
  });
  const told = first === undefined ? [] : [{ ...first, seen: `${around} ${first.seen}`.trim() }, ...others];
  return { told, accessToken: token };
}

/** A user's token, and what it tells. */
interface UserToken {
  readonly told: readonly Told[];
  readonly accessToken?: string;
}

/** What the token tells, in the light of what the function says to it. */
function checksOfUserToken(told: readonly Told[], { token, checks }: FunctionFound): Check[] {
  const isRefused = checks.some(({ cause = "" }) =>
    /^(USER_TOKEN|OAUTH_CLIENT|IDENTITY_PROVIDER)_/.test(cause)
  );
  const isSettled = token !== undefined || isRefused;
  return (isSettled ? settleUserToken(told, token !== undefined) : told)
    .map((one) => checkOfTold(USER_TOKEN, one));
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
  const auth = await call("powersync-auth", user);
  const found = [
    anonymous,
    { checks: [...signedIn.checks, ...checksOfUserToken(signedIn.told, auth)] },
    auth,
  ];
  if (apikey !== undefined || anonymous.checks.some(({ status }) => status === "failed")) return found;
  const subject = { id: "anonymous-token", title: "Anonymous token" };
  return [...found, { checks: [skipped(subject, "Give --publishable-key to get one.")] }];
}

type FunctionName = "powersync-auth" | "powersync-auth-anonymous";

async function findUserToken(
  options: ExamineOptions & { readonly project: string },
): Promise<UserToken & { readonly checks: readonly Check[] }> {
  const { project, publishableKey, userToken, timeoutMs, signInAnonymously: wanted } = options;
  if (userToken !== undefined) return { checks: [], ...await readUserToken(options) };
  if (wanted !== true) {
    const seen = "Give --user-token or --sign-in-anonymously to get one.";
    return { checks: [skipped(USER_TOKEN, seen)], told: [] };
  }
  if (publishableKey === undefined) {
    return { checks: [skipped(USER_TOKEN, "Signing in needs --publishable-key.", { wanted })], told: [] };
  }
  const { check, ...found } = await signInAnonymously(project, { publishableKey, timeoutMs });
  return { checks: [check], told: [], ...found };
}
