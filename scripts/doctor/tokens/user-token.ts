import { signedInCaller } from "../../../supabase/functions/_shared/powersync/caller.ts";
import { PowerSyncAuthError } from "../../../supabase/functions/_shared/powersync/errors.ts";
import type { Environment } from "../../../supabase/functions/_shared/powersync/settings.ts";
import { SUPABASE, type VerifiedUser } from "../../../supabase/functions/_shared/powersync/user.ts";
import { CODES, type Reason } from "../../../supabase/functions/_shared/powersync/verify.ts";
import { type Check, passed, warning } from "../check.ts";
import { type ExamineOptions, knownSetup } from "../scope.ts";
import { type DecodedToken, named } from "./decoded-token.ts";
import { machineSign } from "./known-providers.ts";
import { explainUnlisted, issuersIn } from "./provider-list.ts";
import { type Recognised, recogniseToken } from "./recognise-token.ts";
import { explainProviderKeys, PROVIDER_REFUSALS } from "./provider-refusals.ts";
import { type Explanations, type RefusalContext, refused } from "./refusal.ts";
import { explainUnchecked, SUPABASE_REFUSALS, UNKNOWN_PROJECT } from "./supabase-refusals.ts";
import { checkTimes, isInMilliseconds } from "./token-times.ts";
import { checkOwner, USER_TOKEN } from "./whose-token.ts";

/** What a user's token is compared with. */
export type UserTokenOptions = Pick<
  ExamineOptions,
  "file" | "project" | "publishableKey" | "timeoutMs" | "now"
>;

export interface UserTokenFound {
  readonly checks: readonly Check[];
  /** The functions will take it, by these settings. */
  readonly isAccepted: boolean;
}

/** Each round finds one thing that differs, and tries again as if it were put right. */
const MAX_ROUNDS = 8;

/** A hosted project's Supabase Auth, which may be asked about its own token where no project is named. */
const HOSTED_ISSUER = /^(https:\/\/[a-z0-9]+\.supabase\.co)\/auth\/v1\/?$/;

/**
 * Looks into the token that an app sends to powersync-auth. The verdict is the functions' own: their verification runs with
 * the settings and the issuer's live keys, and each difference it finds is explained and put right for the next round.
 */
export async function examineUserToken(token: string, options: UserTokenOptions): Promise<UserTokenFound> {
  const recognised = recogniseToken(token, knownSetup(options));
  const { what, decoded } = recognised;
  const kind = checkOwner(USER_TOKEN, recognised);
  if (kind.status === "failed") return { checks: [kind], isAccepted: false };
  if (decoded === undefined || !/^[\w.-]+$/.test(token)) {
    const seen = "It has characters that no JWT has, such as spaces, quotes or padding.";
    const hint = "Copy the whole access token again, straight from the session.";
    return { checks: [refused("malformed", { seen, hint })], isAccepted: false };
  }
  const { checks, isAccepted } = await findDifferences(token, { ...recognised, decoded }, options);
  return { checks: checks.some(({ seen }) => seen.includes(what)) ? checks : [kind, ...checks], isAccepted };
}

/** What the functions see, and when. */
interface Trial {
  readonly environment: Environment;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** Whether the clock was moved to when the token was valid. */
  readonly isMoved?: boolean;
}

async function findDifferences(
  token: string,
  recognised: Recognised & { readonly decoded: DecodedToken },
  options: UserTokenOptions,
): Promise<UserTokenFound> {
  const { decoded, owner, what } = recognised;
  const { timeoutMs } = options;
  let trial: Trial = { environment: environmentFor(decoded, options), nowMs: options.now() * 1000 };
  const found: Check[] = [];
  const apply = (check: Check) => {
    found.push(check);
    if (check.change === undefined) return false;
    trial = { ...trial, environment: { ...trial.environment, ...check.change.set } };
    return true;
  };
  const unlisted = owner.startsWith("supabase-")
    ? undefined
    : explainUnlisted({ decoded, environment: trial.environment }, what);
  if (unlisted !== undefined && !apply(unlisted)) return { checks: found, isAccepted: false };
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const verdict = await verdictOn(token, { ...trial, timeoutMs });
    if (!(verdict instanceof PowerSyncAuthError)) {
      const isSame = found.length === 0;
      const last = accepted(verdict, { decoded, isSame, nowSeconds: trial.nowMs / 1000 });
      const isAccepted = isSame && last.every(({ status }) => status !== "failed");
      return { checks: [...withFinalValues(found), ...last], isAccepted };
    }
    const { reason = "" } = verdict.why ?? {};
    // Of an expired token, Supabase Auth says no more than that.
    if (trial.isMoved && reason.startsWith("auth-")) break;
    const isHealed = apply(
      await explainRefusal(verdict, { decoded, environment: trial.environment, timeoutMs }, trial.nowMs),
    );
    const validMs = isHealed || trial.isMoved ? undefined : validTime(reason, decoded);
    if (validMs !== undefined) trial = { ...trial, nowMs: validMs, isMoved: true };
    else if (!isHealed) break;
  }
  return { checks: withFinalValues(found), isAccepted: false };
}

/** The file's settings, and what the platform sets for this project. */
function environmentFor({ claims: { iss } }: DecodedToken, options: UserTokenOptions): Environment {
  const { file, project, publishableKey } = options;
  const stated = typeof iss === "string" ? HOSTED_ISSUER.exec(iss)?.[1] : undefined;
  return {
    ...file?.variables,
    SUPABASE_URL: project ?? stated ?? UNKNOWN_PROJECT,
    SUPABASE_JWKS: undefined,
    ...(publishableKey === undefined ? {} : { SUPABASE_PUBLISHABLE_KEY: publishableKey }),
    SUPABASE_PUBLISHABLE_KEYS: undefined,
  };
}

/** Whose the token is as the functions see it, or why they refuse it. */
async function verdictOn(
  token: string,
  { environment, nowMs, timeoutMs }: Trial & { readonly timeoutMs: number },
): Promise<VerifiedUser | PowerSyncAuthError> {
  const requireUser = signedInCaller({
    environment: () => environment,
    now: () => nowMs,
    log: () => {},
    limits: { timeoutMs },
  });
  try {
    return await requireUser(
      new Request("http://localhost", { headers: { Authorization: `Bearer ${token}` } }),
    );
  } catch (error) {
    if (error instanceof PowerSyncAuthError) return error;
    throw error;
  }
}

/** A time in milliseconds at which the token is valid, where the present one is not. */
function validTime(reason: string, { claims: { exp, nbf } }: DecodedToken): number | undefined {
  if (reason !== "expired" && reason !== "not-yet-valid") return undefined;
  const start = typeof nbf === "number" ? nbf : 0;
  return typeof exp === "number" && start < exp ? (exp - 1) * 1000 : undefined;
}

/** Several findings may change one setting: each shows the value that heals them all. */
function withFinalValues(found: readonly Check[]): Check[] {
  const last: Readonly<Record<string, string>> = Object.assign({}, ...found.map(({ change }) => change?.set));
  return found.map((check) => {
    const names = Object.keys(check.change?.set ?? {});
    const set = Object.fromEntries(names.map((name) => [name, last[name] ?? ""]));
    return names.length === 0 ? check : { ...check, change: { set } };
  });
}

function accepted(
  { id, provider }: VerifiedUser,
  { decoded, isSame, nowSeconds }: { decoded: DecodedToken; isSame: boolean; nowSeconds: number },
): Check[] {
  const who = `the user ${named(id)} of ${provider === SUPABASE ? "Supabase Auth" : named(provider)}`;
  const seen = isSame
    ? `powersync-auth accepts it, by the file's settings and the issuer's live keys: it is ${who}.`
    : `Nothing else differs: it would be ${who}.`;
  const odd = checkTimes(USER_TOKEN, decoded, { nowSeconds }).filter(isInMilliseconds);
  return [...odd, ...ofMachine(decoded.claims), passed(USER_TOKEN, seen)];
}

/** What the functions accept, and claims.ts should not. */
function ofMachine(claims: DecodedToken["claims"]): Check[] {
  const sign = machineSign(claims);
  const machine = warning(USER_TOKEN, "user-token-of-machine", {
    seen: `${sign}: it is a machine's token, not a person's.`,
    hint: "Refuse such tokens in claims.ts, unless machines may sync.",
  });
  const pending = warning(USER_TOKEN, "user-token-session-pending", {
    seen:
      "`sts` is pending: Clerk's user has not finished signing in, for example has not chosen an organization.",
    hint: "Refuse such tokens in claims.ts, and let the app finish the sign-in first.",
  });
  return [...(sign === undefined ? [] : [machine]), ...(claims.sts === "pending" ? [pending] : [])];
}

const COMMON_REFUSALS: Explanations = {
  "too-long": () => ({
    seen:
      "The token has more than 16,384 characters, and servers accept about as much in all headers together.",
    hint: "Keep app_metadata, user_metadata and the claims of a custom access token hook small.",
  }),
  "malformed": () => ({
    seen: "It was cut or edited: a part of it is not valid base64url.",
    hint: "Copy the whole access token again, straight from the session.",
  }),
};

/** Explains why the functions refuse a user's token; `nowMs`: when it was verified, in milliseconds since 1970. */
async function explainRefusal(
  error: PowerSyncAuthError,
  context: RefusalContext,
  nowMs: number,
): Promise<Check> {
  const { code, why, message, hint } = error;
  const { decoded, environment } = context;
  if (code.startsWith("IDENTITY_PROVIDER_")) return await explainProviderKeys(context, error);
  if (code.startsWith("AUTH_SERVER_") || code.startsWith("SUPABASE_PUBLISHABLE_KEYS_")) {
    const isKeyMissing = code === "SUPABASE_PUBLISHABLE_KEYS_MISSING";
    const unasked = "Supabase Auth was not asked: no publishable key of the project is known.";
    return await explainUnchecked(context, isKeyMissing ? unasked : message);
  }
  const { reason } = why ?? {};
  if (!isReason(reason)) return refused("settings", { seen: message, hint });
  const isListed = issuersIn(environment.POWERSYNC_IDENTITY_PROVIDERS).some((issuer) =>
    issuer === decoded.claims.iss
  );
  if (["times", "expired", "not-yet-valid"].includes(reason)) {
    const toleranceSeconds = isListed ? undefined : 0;
    const untimely = checkTimes(USER_TOKEN, decoded, { nowSeconds: nowMs / 1000, toleranceSeconds })
      .find(({ status }) => status === "failed");
    return refused(reason, {
      seen: untimely?.seen ?? "Its `iat` or `nbf` is not a number of seconds.",
      hint: untimely?.hint ?? hint,
    });
  }
  const explain = COMMON_REFUSALS[reason] ?? (isListed ? PROVIDER_REFUSALS : SUPABASE_REFUSALS)[reason];
  return refused(reason, await explain?.(context) ?? { seen: message, hint });
}

function isReason(reason: string | undefined): reason is Reason {
  return reason !== undefined && Object.hasOwn(CODES, reason);
}
