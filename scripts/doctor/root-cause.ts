/** Which findings explain others: the others go away with them. */
import type { CauseId, Check } from "./check.ts";

/** A pattern of a check's ID and one of its cause. */
type Kind = readonly [id: RegExp, cause: RegExp];

const ANY = /./;
const KEY_RULES = /^(key-found|signature|key-algorithm|signing-key-unpublished)$/;
const KEY_CODES = /^(PSYNC_S2101|PSYNC_S2201|PSYNC_S2204|instance-other-jwks)$/;
const KEY_ERRORS = /^(KEY_|POWERSYNC_PRIVATE_KEY)/;
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
    [/^jwks$/, /^jwks-/],
    [FUNCTION, KEY_ERRORS],
    [/^deployed-keys$/, ANY],
    [OF_TOKENS, KEY_RULES],
    [/^powersync$/, KEY_CODES],
  ]],
  [[/^powersync-url$/, ANY], [
    [/^powersync-url$/, /^endpoint-other$/],
    [FUNCTION, /^(POWERSYNC_URL|POWERSYNC_AUDIENCE|endpoint-|url-)/],
    [OF_TOKENS, /^aud-/],
    [/^powersync$/, ANY],
  ]],
  [[/^powersync-audience$/, ANY], [[OF_TOKENS, /^aud-/], [/^powersync$/, /^PSYNC_S2105$/]]],
  [[/^powersync-token-ttl$/, ANY], [[FUNCTION, /^POWERSYNC_TOKEN_TTL/], [OF_TOKENS, /^lifetime$/]]],
  [[/^powersync-identity-providers$/, ANY], [[FUNCTION, /^(POWERSYNC_IDENTITY|USER_TOKEN)_/]]],
  [[/^(jwks|deployed-keys)$/, ANY], [
    [/^deployed-keys$/, ANY],
    [OF_TOKENS, KEY_RULES],
    [/^powersync$/, KEY_CODES],
  ]],
  [[/^user-token$/, ANY], [[FUNCTION, /^(USER_TOKEN_|OAUTH_CLIENT_|IDENTITY_PROVIDER_)/]]],
  [[FUNCTION, /^(endpoint-|url-)/], [[OF_TOKENS, /^aud-/], [
    /^powersync$/,
    /^(PSYNC_S2105|instance-audience)$/,
  ]]],
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

function explains(a: Check, b: Check): boolean {
  return EXPLANATIONS.some(([explaining, explained]) =>
    isOf(a, explaining) && explained.some((kind) => isOf(b, kind))
  );
}

function isOf({ id, cause }: { id: string; cause?: CauseId }, [ids, causes]: Kind): boolean {
  return cause !== undefined && ids.test(id) && causes.test(cause);
}
