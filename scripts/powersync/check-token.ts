/**
 * What the PowerSync Service (1.25.0) accepts, written down once: for the tests, the doctor and the development page.
 * The rules were read in its KeyStore, KeySpec and RemoteJWKSCollector, and measured against the running service.
 */
import { Buffer } from "node:buffer";
import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { checkClaims } from "./claims.ts";
import { type JwksReading, readJwks } from "./jwks.ts";
import { MAX_TOKEN_BYTES, MAX_TOKEN_LIFETIME_SECONDS } from "./limits.ts";
import { failed, passed, type RuleResult, skipped } from "./result.ts";
import { checkAlgorithm, checkKeyAndSignature, KEY_RULES } from "./signature.ts";

/** What a token is checked against. */
export interface TokenCheck {
  /** The JWKS that the service's `jwks_uri` answers, as parsed JSON; without any JWKS the key rules are skipped. */
  readonly jwks?: unknown;
  /** The JWKS written into the service's configuration, where shared secrets (HS256) may stand. */
  readonly staticJwks?: unknown;
  /** The audiences the service is configured with; on PowerSync Cloud, the instance URL. */
  readonly audiences: readonly string[];
  /** The time, in seconds since 1970. */
  readonly nowSeconds: number;
  /** The longest `exp - iat`, in seconds; 86400 unless the service is configured otherwise. */
  readonly maxLifetimeSeconds?: number;
}

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
  const size = checkSize(token);
  const parts = decodeToken(token);
  if (parts === undefined) {
    const seen = "The token is not three base64url parts with a JSON header and a JSON object in it.";
    const fix = "Pass the function's `token` on unchanged, without quotes or line breaks.";
    return [size, failed("token-form", { code: "PSYNC_S2101", seen, fix })];
  }
  const header = { alg: parts.header.alg, kid: parts.header.kid };
  const algorithm = checkAlgorithm(header);
  return [
    size,
    passed("token-form", "The token is a well-formed JWT."),
    algorithm,
    ...(algorithm.outcome === "failed"
      ? KEY_RULES.map((rule) => skipped(rule, "Not checked: the algorithm is not accepted."))
      : await checkKeyAndSignature(token, { header, jwks: knownKeys(check) })),
    ...checkClaims(parts.claims, {
      audiences: check.audiences,
      nowSeconds: check.nowSeconds,
      maxLifetimeSeconds: check.maxLifetimeSeconds ?? MAX_TOKEN_LIFETIME_SECONDS,
    }),
  ];
}

/** The keys of both sources together (PowerSync CompoundKeyCollector). */
function knownKeys({ jwks, staticJwks }: TokenCheck): JwksReading | undefined {
  const readings = [
    ...(staticJwks === undefined ? [] : [readJwks(staticJwks, { from: "static" })]),
    ...(jwks === undefined ? [] : [readJwks(jwks, { from: "remote" })]),
  ];
  if (readings.length === 0) return undefined;
  const error = readings.find(({ missingKeyCode }) => missingKeyCode !== "PSYNC_S2101");
  return {
    keys: readings.flatMap(({ keys }) => keys),
    missingKeyCode: error?.missingKeyCode ?? "PSYNC_S2101",
    results: readings.flatMap(({ results }) => results),
  };
}

function checkSize(token: string): RuleResult {
  const bytes = Buffer.byteLength(token);
  if (bytes < MAX_TOKEN_BYTES) return passed("token-size", `The token has ${bytes} bytes.`);
  const seen =
    `The token has ${bytes} bytes; the service refuses headers of more than about ${MAX_TOKEN_BYTES}.`;
  return failed("token-size", { code: "HTTP 431", seen, fix: "Return fewer claims from claims.ts." });
}

function decodeToken(
  token: string,
): { header: Record<string, unknown>; claims: Record<string, unknown> } | undefined {
  const [header, claims, signature, ...more] = token.split(".");
  if (header === undefined || claims === undefined || signature === undefined || more.length > 0) {
    return undefined;
  }
  if (!/^[A-Za-z0-9_-]*$/.test(signature)) return undefined;
  const decoded = { header: decodeObject(header), claims: decodeObject(claims) };
  if (decoded.header === undefined || decoded.claims === undefined) return undefined;
  return { header: decoded.header, claims: decoded.claims };
}

function decodeObject(part: string): Record<string, unknown> | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(part)) return undefined;
  try {
    const json = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(part, "base64url"));
    const value: unknown = JSON.parse(json);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
