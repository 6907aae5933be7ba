/** The project's three functions, seen from outside. */
import { loadKeyRing, publicJwks } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { parseJson } from "../setup/ask.ts";
import { jwksUrlOf } from "../setup/project-url.ts";
import { askForJwks } from "../setup/remote-jwks.ts";
import { type Check, skipped } from "./check.ts";
import { examineFunction, type FunctionFound } from "./functions.ts";
import { checkDeployedKeys, compareWithOwn, examineJwks, type JwksFound } from "./jwks.ts";
import { concernsProject, type ExamineOptions, expectedInstance } from "./scope.ts";
import { signInAnonymously } from "./sign-in.ts";

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
  if (project === undefined) {
    const wanted = options.userToken !== undefined || options.publishableKey !== undefined ||
      options.signInAnonymously === true;
    const subject = { id: "functions", title: "Auth functions" };
    return wanted
      ? [{
        checks: [skipped(subject, "No project is known: give --project <ref>, or link one.", { wanted })],
      }]
      : [];
  }
  if (reachable) {
    const found = await examineFunctions({ ...options, project });
    const isKeyRefused = found.some(({ checks }) => checks.some(({ cause }) => cause === "API_KEY_INVALID"));
    if (!options.isKeyGuessed || !isKeyRefused) return found;
    return await examineFunctions({ ...options, project, publishableKey: undefined });
  }
  return [{
    checks: [skipped({ id: "functions", title: "Auth functions" }, "The project cannot be reached.")],
  }];
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
  const found = [anonymous, { checks: signedIn.checks }, await call("powersync-auth", user)];
  if (apikey !== undefined || anonymous.checks.some(({ status }) => status === "failed")) return found;
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
    return { checks: [skipped(subject, "Signing in needs --publishable-key.", { wanted })] };
  }
  const { check, ...found } = await signInAnonymously(project, { publishableKey, timeoutMs });
  return { checks: [check], ...found };
}
