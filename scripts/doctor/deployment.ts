/** The project's three functions, seen from outside. */
import { loadKeyRing, publicJwks } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { fetchUpstream } from "../../supabase/functions/_shared/powersync/upstream.ts";
import { parseJson } from "../setup/ask.ts";
import { isInClear, jwksUrlOf } from "../setup/project-url.ts";
import { askForJwks } from "../setup/remote-jwks.ts";
import { type Check, passed, probed, skipped } from "./check.ts";
import { examineFunction, type FunctionFound } from "./functions.ts";
import { checkDeployedKeys, checkOwner, examineJwks, type JwksFound } from "./jwks.ts";
import { type ExamineOptions, expectedInstance } from "./scope.ts";
import { isForDeployment } from "./secrets.ts";
import { named } from "./tokens/decoded-token.ts";
import { unpackToken } from "./tokens/pasted-token.ts";
import { NOT_IN_FILE } from "./tokens/provider-list.ts";
import { examineUserToken } from "./tokens/user-token.ts";
import { USER_TOKEN } from "./tokens/whose-token.ts";

const FUNCTIONS = { id: "functions", title: "Auth functions" };
const SIGN_IN = { id: "sign-in", title: "Anonymous sign-in" };

/** The live JWKS; without a project or address, what the file's keys would publish. */
export async function findJwks(options: ExamineOptions): Promise<JwksFound> {
  const { file, project, timeoutMs } = options;
  const ownUrl = project === undefined ? undefined : jwksUrlOf(project);
  const url = options.jwksUrl ?? ownUrl;
  const ring = await loadKeyRing(readKeySecrets(file?.variables ?? {}));
  if (url === undefined) {
    return { checks: [], ...(ring.published.length > 0 ? { body: publicJwks(ring) } : {}) };
  }
  const isDeployment = file !== undefined && isForDeployment(file);
  const live = await examineJwks({ ...options, url, isDeployment });
  const own = url === ownUrl || ownUrl === undefined ? undefined : await askForJwks(ownUrl, { timeoutMs });
  const owner = checkOwner(url, live.body, own?.kind === "answer" ? parseJson(own.text) : undefined);
  const deployed = owner.length === 0 ? checkDeployedKeys(ring.published, live.body) : [];
  return { ...live, checks: [...owner, ...live.checks, ...deployed] };
}

/** The auth functions, with every credential that is known. */
export async function examineProject(
  options: ExamineOptions,
  { reachable }: { reachable: boolean },
): Promise<FunctionFound[]> {
  const { project, publishableKey, userToken, signInAnonymously = false } = options;
  if (project === undefined || !reachable) {
    const seen = project === undefined
      ? "No project is known: pass --project <ref>, or link one."
      : "The project cannot be reached.";
    const wanted = userToken !== undefined || publishableKey !== undefined || signInAnonymously;
    if (project === undefined && !wanted) return [];
    const { checks } = await readUserToken(options);
    return [{ checks: [...checks, skipped(FUNCTIONS, seen, { wanted })] }];
  }
  if (isInClear(project)) {
    const seen = "They were not called: without TLS, anybody on the way could read the tokens. Use https.";
    return [{ checks: [skipped(FUNCTIONS, seen, { wanted: true })] }];
  }
  const found = await callFunctions({ ...options, project });
  const isKeyRefused = found.some(({ checks }) => checks.some(({ cause }) => cause === "API_KEY_INVALID"));
  if (!options.isKeyGuessed || !isKeyRefused) return found;
  return await callFunctions({ ...options, project, publishableKey: undefined });
}

/** A user's token, and what the file's settings say to it. */
interface UserToken {
  readonly checks: readonly Check[];
  readonly accessToken?: string;
  readonly isAccepted?: boolean;
}

/** The user token that was given: what is in it, and whether the functions will take it. */
async function readUserToken(options: ExamineOptions): Promise<UserToken> {
  if (options.userToken === undefined) return { checks: [] };
  const { token, around } = unpackToken(options.userToken);
  const { checks, isAccepted } = await examineUserToken(token, options);
  const told = checks.map((check, index) =>
    index === 0 ? { ...check, seen: `${around} ${check.seen}`.trim() } : check
  );
  return { checks: told, accessToken: token, isAccepted };
}

async function callFunctions(
  options: ExamineOptions & { readonly project: string },
): Promise<FunctionFound[]> {
  const { project, publishableKey, timeoutMs } = options;
  const expected = expectedInstance(options);
  const call = (name: FunctionName, credentials: Readonly<Record<string, string>> | undefined) =>
    examineFunction({ name, url: `${project}/functions/v1/${name}`, credentials, expected, timeoutMs });
  const apikey = publishableKey === undefined ? undefined : { apikey: publishableKey };
  const anonymous = await call("powersync-auth-anonymous", apikey);
  const user = await findUserToken(options);
  const { accessToken } = user;
  const credentials = accessToken === undefined
    ? undefined
    : { ...apikey, Authorization: `Bearer ${accessToken}` };
  const found = [anonymous, ...weigh(user, await call("powersync-auth", credentials))];
  if (apikey !== undefined || anonymous.checks.some(({ status }) => status === "failed")) return found;
  const subject = { id: "anonymous-token", title: "Anonymous token" };
  return [...found, { checks: [skipped(subject, "Pass --publishable-key to get one.")] }];
}

type FunctionName = "powersync-auth" | "powersync-auth-anonymous";

async function findUserToken(options: ExamineOptions & { readonly project: string }): Promise<UserToken> {
  const { project, publishableKey, userToken, timeoutMs, signInAnonymously: wanted } = options;
  if (userToken !== undefined) return await readUserToken(options);
  if (wanted !== true) {
    const seen = "Pass --user-token, or --sign-in-anonymously to get one.";
    return { checks: [skipped(USER_TOKEN, seen)] };
  }
  if (publishableKey === undefined) {
    return { checks: [skipped(USER_TOKEN, "Signing in needs --publishable-key.", { wanted })] };
  }
  return await signIn(project, { publishableKey, timeoutMs });
}

/** Signs in anonymously at a project, which makes a user there. */
async function signIn(
  supabaseUrl: string,
  { publishableKey, timeoutMs }: { publishableKey: string; timeoutMs: number },
): Promise<UserToken> {
  const { createClient } = await import("@supabase/supabase-js");
  const supabase = createClient(supabaseUrl, publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: {
      fetch: (input, init) => fetchUpstream(input, { ...init, redirect: "manual" }, { timeoutMs }),
    },
  });
  const { data, error } = await supabase.auth.signInAnonymously();
  if (error !== null || data.session === null) {
    // supabase-js states no status, or 0, when there was no answer.
    const check = error?.status
      ? probed(SIGN_IN, "sign-in-refused", `Supabase Auth refuses with HTTP ${error.status}.`)
      : probed(SIGN_IN, "no-connection", "Supabase Auth does not answer.");
    return { checks: [check] };
  }
  const seen = `It created the user ${named(data.user?.id)}, which stays in the project until you delete it.`;
  return { checks: [passed(SIGN_IN, seen)], accessToken: data.session.access_token };
}

const REFUSED = /^(USER_TOKEN_|OAUTH_CLIENT_|IDENTITY_PROVIDER_)/;

/** The token as the file's settings judge it, and the function's answer, which decides about the deployed settings. */
function weigh({ checks: told, isAccepted }: UserToken, auth: FunctionFound): FunctionFound[] {
  if (auth.token !== undefined) return [{ checks: told.flatMap(asAccepted) }, auth];
  const isRefused = ({ status, cause }: Check) => status === "failed" && REFUSED.test(cause ?? "");
  if (!auth.checks.some(isRefused)) return [{ checks: told }, auth];
  const checks = auth.checks.map((check) =>
    isAccepted && isRefused(check) ? probed(check, "settings-not-deployed", check.seen) : check
  );
  return [{ checks: told.map(asRefused) }, { ...auth, checks }];
}

/** The function accepts the token, so what the file lacks or has otherwise is deployed. */
function asAccepted(check: Check): Check[] {
  if (check.status === "skipped") return [];
  if (check.cause === NOT_IN_FILE) {
    return [
      passed(check, "The deployed POWERSYNC_IDENTITY_PROVIDERS names this provider; the file has no list."),
    ];
  }
  if (check.status !== "failed" || check.change === undefined) return [check];
  const seen = `${check.seen} The deployed function accepts it, so its settings differ.`;
  return [{ ...check, status: "warning", seen }];
}

/** The list that the file does not have is not deployed either. */
function asRefused(check: Check): Check {
  return check.cause === NOT_IN_FILE ? { ...check, status: "failed" } : check;
}
