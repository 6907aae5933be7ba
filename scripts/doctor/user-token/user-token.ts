import { signedInCaller } from "../../../supabase/functions/_shared/powersync/caller.ts";
import { PowerSyncAuthError } from "../../../supabase/functions/_shared/powersync/errors.ts";
import { type Environment, readSetting } from "../../../supabase/functions/_shared/powersync/settings.ts";
import { SUPABASE, type VerifiedUser } from "../../../supabase/functions/_shared/powersync/user.ts";
import type { EnvVariables } from "../../setup/env-file.ts";
import { type DecodedToken, named } from "../tokens/decoded-token.ts";
import { machineSign } from "../tokens/machine-token.ts";
import { readProviderList } from "../tokens/provider-list.ts";
import { type Owner, type Recognised, recogniseToken } from "../tokens/recognise-token.ts";
import { checkTimes } from "../tokens/token-times.ts";
import type { Told } from "../tokens/told.ts";
import { explainRefusal } from "./explain-refusal.ts";
import { UNKNOWN_PROJECT } from "./supabase-refusals.ts";
import { explainUnlisted } from "./unlisted-provider.ts";

/** What a user's token is compared with. */
export interface UserTokenOptions {
  /** The settings of the file; may be empty. */
  readonly variables: EnvVariables;
  readonly supabaseUrl?: string | undefined;
  readonly projectRef?: string | undefined;
  readonly publishableKey?: string | undefined;
  /** Of the keys that sign PowerSync tokens, where they are known. */
  readonly keyIds?: readonly string[] | undefined;
  /** For each answer of a server. */
  readonly timeoutMs: number;
  /** Seconds since 1970. */
  readonly now: () => number;
}

/** Each round finds one thing that differs, and tries again as if it were put right. */
const MAX_ROUNDS = 8;

/** A hosted project's Supabase Auth, which may be asked about its own token where no project is named. */
const HOSTED_ISSUER = /^(https:\/\/[a-z0-9]+\.supabase\.co)\/auth\/v1\/?$/;

const SIGN_IN = "Sign in, and send the session's access token.";
const USE_USERS = "powersync-auth makes a PowerSync token from a user's access token: give that one.";
const WHOLE = "Copy the whole access token again, straight from the session.";

/** What is not a user's token at all, and what to send instead. */
const WRONG_KINDS: Readonly<Partial<Record<Owner, string>>> = {
  "functions": USE_USERS,
  "unpublished-key": USE_USERS,
  "other-powersync": USE_USERS,
  "development-key": USE_USERS,
  "shared-secret": USE_USERS,
  "powersync-dashboard": USE_USERS,
  "supabase-other-project":
    "Sign in at this project, with its URL and publishable key, and send that session's access token.",
  "supabase-id-token": "Send the access token: an ID token is for the client that asked for it.",
  "publishable-key": `It goes in the \`apikey\` header. ${SIGN_IN}`,
  "secret-key":
    `It has full access, so never put it in an app, and revoke it if it ever was in one. ${SIGN_IN}`,
  "encrypted":
    "Let the provider issue a signed access token (for Auth0: name the API as `audience` when signing in).",
  "cut": WHOLE,
  "opaque": `${SIGN_IN} A refresh token or an opaque token cannot be checked by powersync-auth.`,
  "not-a-token": SIGN_IN,
};

/**
 * Looks into the token that an app sends to powersync-auth. The verdict is the functions' own: their verification runs with
 * the settings and the issuer's live keys, and each difference it finds is explained and put right for the next round.
 *
 * @param token The token, as `unpackToken` returns it.
 * @param options What it is compared with.
 */
export async function examineUserToken(token: string, options: UserTokenOptions): Promise<Told[]> {
  const { variables, supabaseUrl, projectRef } = options;
  const recognised = recogniseToken(token, {
    supabaseUrl,
    projectRef,
    issuer: readSetting(variables, "POWERSYNC_ISSUER"),
    keyIds: options.keyIds ?? [],
    audiences: [],
    providers: providersOf(variables),
  });
  const { owner, what, decoded } = recognised;
  const advice = WRONG_KINDS[owner];
  if (advice !== undefined) {
    return [{ id: `user-token-is-${owner}`, status: "failed", seen: `This is ${what}.`, advice }];
  }
  if (decoded === undefined || !/^[\w.-]+$/.test(token)) {
    const seen = "It has characters that no JWT has, such as spaces, quotes or padding.";
    return [{ id: "user-token-malformed", status: "failed", seen, advice: WHOLE }];
  }
  const found = await findDifferences(token, { ...recognised, decoded }, options);
  if (found.some(({ seen }) => seen.includes(what))) return found;
  return [{ id: "user-token-kind", status: "passed", seen: `This is ${what}.` }, ...found];
}

function providersOf({ POWERSYNC_IDENTITY_PROVIDERS }: EnvVariables): { issuer: string }[] {
  return (readProviderList(POWERSYNC_IDENTITY_PROVIDERS) ?? []).flatMap(({ issuer }) =>
    typeof issuer === "string" ? [{ issuer }] : []
  );
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
): Promise<Told[]> {
  const { decoded, owner, what } = recognised;
  const { timeoutMs } = options;
  let trial: Trial = { environment: environmentFor(decoded, options), nowMs: options.now() * 1000 };
  const found: Told[] = [];
  const apply = (told: Told) => {
    found.push(told);
    const healed = told.set === undefined ? undefined : { ...trial.environment, ...told.set };
    if (healed !== undefined) trial = { ...trial, environment: healed };
    return healed !== undefined;
  };
  const unlisted = owner.startsWith("supabase-")
    ? undefined
    : explainUnlisted({ decoded, environment: trial.environment }, what);
  if (unlisted !== undefined && !apply(unlisted)) return found;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const verdict = await verdictOn(token, { ...trial, timeoutMs });
    if (!(verdict instanceof PowerSyncAuthError)) {
      return [...withFinalValues(found), ...accepted(verdict, { decoded, found, trial })];
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
  return withFinalValues(found);
}

/** The file's settings, and what the platform sets for this project. */
function environmentFor({ claims: { iss } }: DecodedToken, options: UserTokenOptions): Environment {
  const { variables, supabaseUrl, publishableKey } = options;
  const stated = typeof iss === "string" ? HOSTED_ISSUER.exec(iss)?.[1] : undefined;
  return {
    ...variables,
    SUPABASE_URL: supabaseUrl ?? stated ?? UNKNOWN_PROJECT,
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
function withFinalValues(found: readonly Told[]): Told[] {
  const last: Record<string, string> = Object.assign({}, ...found.map(({ set }) => set));
  return found.map(({ set, ...told }) =>
    set === undefined
      ? told
      : { ...told, set: Object.fromEntries(Object.keys(set).map((name) => [name, last[name] ?? ""])) }
  );
}

function accepted(
  { id, provider }: VerifiedUser,
  { decoded, found, trial }: { decoded: DecodedToken; found: readonly Told[]; trial: Trial },
): Told[] {
  const { claims } = decoded;
  const who = `the user ${named(id)} of ${provider === SUPABASE ? "Supabase Auth" : named(provider)}`;
  const seen = found.length === 0
    ? `powersync-auth accepts it, by the file's settings and the issuer's live keys: it is ${who}.`
    : `Nothing else differs: it would be ${who}.`;
  const odd = checkTimes(decoded, trial.nowMs / 1000).filter(({ id }) => id === "token-in-milliseconds");
  const more = [
    ...odd.map((told): Told => ({ ...told, id: "user-token-in-milliseconds" })),
    ...ofMachine(claims),
    ...(claims.sts === "pending" ? [PENDING] : []),
  ];
  return [...more, { id: "user-token-accepted", status: "passed", seen }];
}

function ofMachine(claims: DecodedToken["claims"]): Told[] {
  const sign = machineSign(claims);
  return sign === undefined ? [] : [{
    id: "user-token-of-machine",
    status: "warning",
    seen: `${sign}: it is a machine's token, not a person's.`,
    advice: "Refuse such tokens in claims.ts, unless machines may sync.",
  }];
}

const PENDING: Told = {
  id: "user-token-session-pending",
  status: "warning",
  seen:
    "`sts` is pending: Clerk's user has not finished signing in, for example has not chosen an organization.",
  advice: "Refuse such tokens in claims.ts, and let the app finish the sign-in first.",
};
