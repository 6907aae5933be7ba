/**
 * What the PowerSync Service (1.25.0) accepts: for the tests, the doctor and the development page. Read in its
 * KeyStore, KeySpec and RemoteJWKSCollector and in jose 4.15.9, and held to the verdicts of the real service
 * (tests/powersync/verdicts.jsonl).
 */
import { Buffer } from "node:buffer";
import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { checkClaims } from "./claims.ts";
import { type JwksAnswer, type JwksReading, readJwks, readJwksAnswer } from "./jwks.ts";
import { MAX_TOKEN_BYTES, MAX_TOKEN_LIFETIME_SECONDS } from "./limits.ts";
import { failed, passed, type RuleResult } from "./result.ts";
import { checkAlgorithm, checkKeyAndSignature, keyNotChecked } from "./signature.ts";
import { readStaticJwks } from "./static-jwks.ts";

/** What a token is checked against. The host that the service replicates from decides nothing. */
export interface TokenCheck {
  /** The JWKS that the service's `jwks_uri` answers with HTTP 200, as parsed JSON. */
  readonly jwks?: unknown;
  /** The answer itself, instead of `jwks`. Without any keys, the rules about the key are skipped. */
  readonly jwksAnswer?: JwksAnswer;
  /** The JWKS in the service's configuration, where shared secrets (HS256) may stand. */
  readonly staticJwks?: unknown;
  /** The audiences the service is configured with; on PowerSync Cloud, the instance URL. */
  readonly audiences: readonly string[];
  readonly nowSeconds: number;
  /** The longest `exp - iat`, in seconds; 86400 unless the service is configured otherwise. */
  readonly maxLifetimeSeconds?: number;
}

const FIX_FORM = "Pass the function's `token` on unchanged, without quotes or line breaks.";

/**
 * Checks a token under every rule, in PowerSync's own order.
 *
 * @param token The token, as it stands after `Token ` in the header.
 * @returns One result a rule, so that a person sees everything that is wrong at once; `verdictOf` sums them up.
 *
 * @example
 * ```ts
 * const results = await checkToken(token, { jwks, audiences: ["https://x.powersync.journeyapps.com"], nowSeconds });
 * console.log(verdictOf(results).code); // undefined, or for example "PSYNC_S2105"
 * ```
 */
export async function checkToken(token: string, check: TokenCheck): Promise<readonly RuleResult[]> {
  const readings = readKeys(check);
  const before = [
    ...readings.flatMap(({ results }) => results.filter(({ rule }) => rule === "static-jwks")),
    checkSize(token),
    checkHeaderField(token),
  ];
  const [first = "", second = "", ...others] = token.split(".");
  const members = others.length === 1 ? decodePart(first) : undefined;
  if (members === undefined) {
    return [...before, malformed("The token is not three base64url parts with a JSON object as its header.")];
  }
  if (!isCritKnown(members)) {
    return [...before, malformed("PowerSync does not know what the header's `crit` names.")];
  }
  const header = { alg: members.alg, kid: members.kid };
  const algorithm = checkAlgorithm(header);
  const keyRules = algorithm.outcome === "failed"
    ? keyNotChecked("Not checked: the algorithm is not accepted.")
    : await checkKeyAndSignature(token, { header, readings });
  // PowerSync looks into the payload after the signature, and refuses one that is not base64url (RFC 7797, section 7).
  const isEncoded = members.crit === undefined || members.b64 === true;
  const claims = isEncoded ? decodePart(second) : undefined;
  if (claims === undefined) {
    return [...before, algorithm, ...keyRules, malformed("The token's payload is not a JSON object.")];
  }
  return [
    ...before,
    checkCharacters(token, keyRules),
    algorithm,
    ...keyRules,
    ...checkClaims(claims, { maxLifetimeSeconds: MAX_TOKEN_LIFETIME_SECONDS, ...check }),
  ];
}

function readKeys({ jwks, jwksAnswer, staticJwks }: TokenCheck): JwksReading[] {
  return [
    ...(staticJwks === undefined ? [] : [readStaticJwks(staticJwks)]),
    ...(jwks === undefined ? [] : [readJwks(jwks)]),
    ...(jwksAnswer === undefined ? [] : [readJwksAnswer(jwksAnswer)]),
  ];
}

function checkSize(token: string): RuleResult {
  const bytes = Buffer.byteLength(token);
  if (bytes < MAX_TOKEN_BYTES) return passed("token-size", `The token has ${bytes} bytes.`);
  const seen =
    `The token has ${bytes} bytes; the service refuses headers of more than about ${MAX_TOKEN_BYTES}.`;
  return failed("token-size", { seen, fix: "Return fewer claims from claims.ts." });
}

/** HTTP cuts white space at the end of a header field; the service takes no other. */
function checkHeaderField(token: string): RuleResult {
  if (/^\S+[ \t\r\n]*$/.test(token)) {
    return passed("token-header", "The token fits in an Authorization header.");
  }
  const seen = token === "" ? "There is no token." : "The token has white space in it.";
  return failed("token-header", { seen, fix: FIX_FORM });
}

/** jose ignores what is not base64, but it was not signed: then that is the fault to tell, not the key. */
function checkCharacters(token: string, keyRules: readonly RuleResult[]): RuleResult {
  const isFault = keyRules.some(({ code }) => code === "PSYNC_S2101") && /[^A-Za-z0-9_.-]/.test(token);
  return isFault
    ? malformed("The token has characters that are not base64url, such as quotes or spaces.")
    : passed("token-form", "The token is a well-formed JWT.");
}

function malformed(seen: string): RuleResult {
  return failed("token-form", { seen, fix: FIX_FORM });
}

/** Of all extensions jose knows `b64` alone (RFC 7797). */
function isCritKnown({ crit, b64 }: Record<string, unknown>): boolean {
  if (crit === undefined) return true;
  return Array.isArray(crit) && crit.length > 0 && crit.every((name) => name === "b64") &&
    typeof b64 === "boolean";
}

/** The JSON object in a part of a token, as lenient as jose 4: characters outside of base64 do not count, nor do bytes that are not UTF-8. */
export function decodePart(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(Buffer.from(part, "base64")));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
