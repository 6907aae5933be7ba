import { meaningOf, type PowerSyncCode } from "../../powersync/codes.ts";
import type { Cause } from "./cause.ts";

const LET_FUNCTION = "Let the functions make the token, or for testing: deno task token";

/** What can be wrong with a token, and with the PowerSync instance that is asked to take it. */
export const TOKEN_CAUSES = {
  "token-too-large": {
    cause: "The token is larger than the headers that the service accepts.",
    code: "HTTP 431",
    fix: "Return fewer claims from claims.ts.",
  },
  "token-malformed": {
    cause: "The token is cut, quoted, or not a JWT.",
    code: "PSYNC_S2101",
    fix: "Pass the function's `token` on unchanged.",
  },
  "token-alg-refused": {
    cause: "PowerSync does not support the token's `alg`.",
    code: "PSYNC_S2101",
    fix: "Sign with RS256, RS384, RS512, ES256, ES384 or EdDSA.",
  },
  "token-kid-unknown": {
    cause: "The JWKS has no key with the token's `kid`.",
    code: "PSYNC_S2101",
    fix:
      "Name the project that made the token; after a rotation, wait until the new key is published everywhere.",
  },
  "token-alg-differs": {
    cause: "The token's `alg` is not the one of its key.",
    code: "PSYNC_S2101",
    fix: "Sign with the algorithm of the published key.",
  },
  "token-signature": {
    cause:
      "The published key with that `kid` did not make the signature: halves of two pairs, or a changed token.",
    code: "PSYNC_S2101",
    fix: "Set both secrets from one pair; never give a new key an old `kid`: deno task keys",
  },
  "token-claim-missing": {
    cause: "The token lacks `sub`, `iat` or `exp`.",
    code: "PSYNC_S2101",
    fix: LET_FUNCTION,
  },
  "token-claim-not-a-number": {
    cause: "`iat` or `exp` is not a number of seconds.",
    code: "PSYNC_S2101",
    fix: LET_FUNCTION,
  },
  "token-not-yet-valid": {
    cause: "The token's `nbf` is more than 60 s ahead of the service's clock.",
    code: "PSYNC_S2101",
    fix: "Correct the clock that set `nbf`, or leave `nbf` out.",
  },
  "token-expired": {
    cause: "The token has expired: an old one was kept, or the clock that made it is slow.",
    code: "PSYNC_S2103",
    fix: "Call the function in every fetchCredentials instead of storing its answer; correct the clock.",
  },
  "token-lifetime": {
    cause: "The token's lifetime exceeds the 24 hours that PowerSync accepts.",
    code: "PSYNC_S2104",
    fix: "supabase secrets set POWERSYNC_TOKEN_TTL=300",
  },
  "token-audience-missing": { cause: "The token has no `aud`.", code: "PSYNC_S2105", fix: LET_FUNCTION },
  "token-audience": {
    cause: "`aud` is not, character by character, an audience of the instance.",
    code: "PSYNC_S2105",
    fix: "supabase secrets set POWERSYNC_URL=<instance URL, no trailing slash>",
  },
  "token-parameters": {
    cause: "`parameters` is not an object.",
    code: "PSYNC_S2101",
    fix: "Return an object in `parameters` from claims.ts.",
  },
  "token-subject-type": {
    cause: "`sub` is not text: PowerSync accepts it, but it matches no text column.",
    fix: "Return the user's id as text in `sub` from claims.ts.",
  },
  "token-issuer-supabase": {
    cause: "`iss` contains supabase.co, which makes PowerSync log misleading hints.",
    fix: "supabase secrets unset POWERSYNC_ISSUER",
  },
  "clock-here": {
    cause: "This computer's clock differs from the server's: tokens made here have wrong dates.",
    code: "PSYNC_S2103",
    fix: "Set this computer's clock (switch on time synchronisation).",
  },
  "clock-servers": {
    cause:
      "The clocks of the functions and of the PowerSync instance differ by more than the 60 s of tolerance.",
    code: "PSYNC_S2103",
    fix: "Self-hosted: synchronise both clocks (NTP). POWERSYNC_TOKEN_TTL=900 helps until then.",
  },
  "powersync-unreachable": {
    cause: "Nothing answers at the PowerSync URL.",
    fix: "Check the URL in PowerSync's dashboard, that the instance is deployed, and the network here.",
  },
  "powersync-not-a-service": {
    cause: "What answers is not a PowerSync Service.",
    fix: "Copy the instance URL from PowerSync's dashboard, without path.",
  },
  "powersync-silent": {
    cause: "The instance accepted the token, but its stream sent nothing.",
    fix: "Check the instance's health in PowerSync's dashboard: the token is not the reason.",
  },
  "powersync-error": {
    cause: "The instance answers with an error that is not about the token.",
    fix: "See the instance's log in PowerSync's dashboard; sync rules may not be deployed.",
  },
  "powersync-other-jwks": {
    cause:
      "The token is valid with the JWKS seen from here, but the instance does not know its key: it has another JWKS URI, or still the old keys (up to 60 minutes).",
    code: "PSYNC_S2101",
    fix:
      "Set the JWKS URI to https://<project ref>.supabase.co/functions/v1/powersync-jwks in PowerSync's Client Auth and save: that drops the old keys too.",
  },
  "powersync-s2101": refusal("PSYNC_S2101"),
  "powersync-s2102": refusal("PSYNC_S2102"),
  "powersync-s2103": refusal("PSYNC_S2103"),
  "powersync-s2104": refusal("PSYNC_S2104"),
  "powersync-s2105": refusal("PSYNC_S2105"),
  "powersync-s2106": refusal("PSYNC_S2106"),
  "powersync-s2201": refusal("PSYNC_S2201"),
  "powersync-s2202": refusal("PSYNC_S2202"),
  "powersync-s2203": refusal("PSYNC_S2203"),
  "powersync-s2204": refusal("PSYNC_S2204"),
} as const satisfies Record<string, Cause>;

/** PowerSync's own answer, in the words of the table of codes. */
function refusal(code: PowerSyncCode): Cause {
  const meaning = meaningOf(code);
  return { cause: meaning?.cause ?? "", code, fix: meaning?.fix ?? "" };
}
