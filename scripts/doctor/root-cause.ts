/** Which findings explain others: the others go away with them. */
import type { CauseId, Check } from "./check.ts";

/** A pattern of a check's ID and one of its cause. */
type Kind = readonly [id: RegExp, cause: RegExp];

const ANY = /./;
const KEY_RULES = /^(key-found|signature|key-algorithm|signing-key-unpublished)$/;
const KEY_CODES = /^(PSYNC_S2101|PSYNC_S2201|PSYNC_S2204|instance-other-jwks)$/;
const KEY_ERRORS = /^(KEY_|POWERSYNC_PRIVATE_KEY)/;
const AUDIENCE = /^(PSYNC_S2105|instance-audience)$/;
const UNREACHED = /^(no-|instance-(not-a-service|no-route|redirect|front|down)$)/;
const FILE_KEYS: Kind = [/^key-secrets$/, ANY];
const OF_TOKENS = /^(token|function-token)$/;
const FUNCTION = /^powersync-auth/;

/** What explains what. A fault that two checks see is explained by the first of them. */
const EXPLANATIONS: readonly (readonly [explaining: Kind, explained: readonly Kind[]])[] = [
  // What cannot be read was not uploaded, or not as it was meant.
  [[/^env-file$/, /^env-file-/], [[/^jwks$/, KEY_ERRORS], [FUNCTION, /^(KEY|POWERSYNC)_/], [
    /^powersync$/,
    KEY_CODES,
  ]]],
  [FILE_KEYS, [
    [/^jwks$/, KEY_ERRORS],
    [/^jwks$/, /^jwks-(?!no-private|of-)/],
    [FUNCTION, KEY_ERRORS],
    [/^deployed-keys$/, ANY],
    [OF_TOKENS, KEY_RULES],
    [/^powersync$/, KEY_CODES],
  ]],
  [[/^powersync-url$/, ANY], [
    [/^powersync-url$/, /^endpoint-other$/],
    [FUNCTION, /^(POWERSYNC_URL|POWERSYNC_AUDIENCE|endpoint-|url-)/],
    [OF_TOKENS, /^aud/],
    [/^powersync$/, AUDIENCE],
  ]],
  // What was named and is not there makes every comparison with it worthless.
  [[/^powersync$/, UNREACHED], [
    [/^powersync-url$/, /^endpoint-other$/],
    [FUNCTION, /^endpoint-other$/],
    [/^jwks-host$/, /^jwks-host-private$/],
  ]],
  [[/^powersync-audience$/, ANY], [[OF_TOKENS, /^aud/], [/^powersync$/, AUDIENCE]]],
  [[/^powersync-token-ttl$/, ANY], [[FUNCTION, /^POWERSYNC_TOKEN_TTL/], [OF_TOKENS, /^lifetime$/]]],
  [[/^powersync-identity-providers$/, ANY], [
    [FUNCTION, /^(POWERSYNC_IDENTITY|USER_TOKEN)_/],
    [/^user-token$/, /^user-token-settings$/],
  ]],
  [[/^jwks$/, /^jwks-of-/], [[/^jwks$/, /^(?!jwks-(no-private|of-))/]]],
  [[/^(jwks|deployed-keys)$/, ANY], [
    [/^deployed-keys$/, ANY],
    [OF_TOKENS, KEY_RULES],
    [/^powersync$/, KEY_CODES],
  ]],
  [[/^jwks$/, ANY], [[OF_TOKENS, /^jwks-behind$/]]],
  [[OF_TOKENS, /^jwks-behind$/], [[/^deployed-keys$/, ANY], [/^powersync$/, KEY_CODES]]],
  [[/^user-token$/, ANY], [[FUNCTION, /^(USER_TOKEN_|OAUTH_CLIENT_|IDENTITY_PROVIDER_)/]]],
  [[FUNCTION, /^(endpoint-|url-)/], [[OF_TOKENS, /^aud/], [/^powersync$/, AUDIENCE]]],
  [[OF_TOKENS, /^aud/], [[/^powersync$/, AUDIENCE]]],
  [[/^clocks$/, /^clock-/], [
    [OF_TOKENS, /^(exp-not-passed|nbf-reached)$/],
    [/^powersync$/, /^(PSYNC_S2103|instance-clock)$/],
  ]],
  [[OF_TOKENS, ANY], [[/^powersync$/, /^(PSYNC_|HTTP)/]]],
];

/** The checks, with `followsFrom` where another finding explains a failure. */
export function withRootCauses(checks: readonly Check[]): Check[] {
  const failures = checks.filter(({ status }) => status === "failed");
  return checks.map((check, index) => {
    if (check.status !== "failed") return check;
    const twin = checks.slice(0, index).find(({ status, cause }) =>
      status === "failed" && cause === check.cause
    );
    const root = twin ?? failures.find((other) => other !== check && explains(other, check));
    return root?.cause === undefined ? check : { ...check, followsFrom: root.cause };
  });
}

/** What must be done before anything else: the others fail until then, or do more harm each minute. */
const URGENT: readonly CauseId[] = ["jwks-no-private-member", "project-paused"];

/** The root cause to begin with. */
export function firstRoot<C extends Pick<Check, "status" | "cause" | "followsFrom">>(
  checks: readonly C[],
): C | undefined {
  const roots = checks.filter(({ status, followsFrom }) => status === "failed" && followsFrom === undefined);
  return roots.find(({ cause }) => cause !== undefined && URGENT.includes(cause)) ?? roots[0];
}

function explains(a: Check, b: Check): boolean {
  return EXPLANATIONS.some(([explaining, explained]) =>
    isOf(a, explaining) && explained.some((kind) => isOf(b, kind))
  );
}

function isOf({ id, cause }: { id: string; cause?: CauseId }, [ids, causes]: Kind): boolean {
  return cause !== undefined && ids.test(id) && causes.test(cause);
}
