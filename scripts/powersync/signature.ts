import { Buffer } from "node:buffer";
import { compactVerify, errors, importJWK } from "jose";
import type { ImportedKey, JwksReading } from "./jwks.ts";
import { POWERSYNC_ALGORITHMS } from "./limits.ts";
import { failed, passed, quoted, type RuleResult, skipped, type TokenRule } from "./result.ts";

/** A token's header as far as PowerSync reads it. */
export interface TokenHeader {
  readonly alg: unknown;
  readonly kid: unknown;
}

/** The rules that need a key. */
export const KEY_RULES: readonly TokenRule[] = ["key-found", "key-algorithm", "signature"];

const FIX_KEY =
  "Compare the header with the live JWKS. A key must be published 75 minutes before it signs: deno task keys -- --rotate";

/** The rule about the header's `alg` (PowerSync KeySpec). */
export function checkAlgorithm({ alg }: TokenHeader): RuleResult {
  if (Object.values(POWERSYNC_ALGORITHMS).some((names) => names.some((name) => name === alg))) {
    return passed("token-algorithm", `The header states \`alg\` ${quoted(alg)}.`);
  }
  const fix = alg === "Ed25519"
    ? 'Sign with `alg: "EdDSA"`: PowerSync does not know the newer name.'
    : "Sign with RS256, RS384, RS512, ES256, ES384 or EdDSA.";
  const seen = `The header states \`alg\` ${quoted(alg)}, which PowerSync does not accept.`;
  return failed("token-algorithm", { code: "PSYNC_S2101", seen, fix });
}

/**
 * The rules about the key: found by `kid`, of the header's algorithm, and the signature's own.
 *
 * @param token The token.
 * @param options Its header, and what PowerSync made of the JWKS; `undefined` when that is not known.
 */
export async function checkKeyAndSignature(
  token: string,
  { header, jwks }: { header: TokenHeader; jwks: JwksReading | undefined },
): Promise<RuleResult[]> {
  if (jwks === undefined) {
    return KEY_RULES.map((rule) => skipped(rule, "No JWKS was given to check it with."));
  }
  // A `kid` that matches is final: PowerSync tries no other key, whatever else is wrong.
  const named = jwks.keys.find(({ kid }) => kid !== undefined && kid === header.kid);
  return named === undefined
    ? await checkWildcards(token, { header, jwks })
    : await checkNamedKey(token, { header, key: named });
}

async function checkNamedKey(
  token: string,
  { header, key }: { header: TokenHeader; key: ImportedKey },
): Promise<RuleResult[]> {
  const found = passed("key-found", `The JWKS has the key ${quoted(key.kid)}, and PowerSync tries no other.`);
  const alg = key.algorithms.find((name) => name === header.alg);
  if (alg === undefined) {
    const seen = `The header's \`alg\` is ${quoted(header.alg)}, the key's ${
      quoted(key.jwk.alg ?? key.algorithms)
    }.`;
    const fix = "Sign with the algorithm that the published key states.";
    return [
      found,
      failed("key-algorithm", { code: "PSYNC_S2101", seen, fix }),
      skipped("signature", "Not checked: the algorithms differ."),
    ];
  }
  return [
    found,
    passed("key-algorithm", `The key is for ${alg}, as the header says.`),
    await checkSignature(token, key, alg),
  ];
}

/** Keys without `kid`, in their order; the first that verifies the signature is the key. */
async function checkWildcards(
  token: string,
  { header, jwks }: { header: TokenHeader; jwks: JwksReading },
): Promise<RuleResult[]> {
  for (const key of jwks.keys) {
    const alg = key.algorithms.find((name) => name === header.alg);
    if (key.kid !== undefined || alg === undefined) continue;
    const signature = await checkSignature(token, key, alg);
    if (signature.outcome === "failed") continue;
    const seen = "The JWKS has no key of that `kid`, but one without `kid` that fits.";
    return [
      passed("key-found", seen),
      passed("key-algorithm", `The key is for ${alg}, as the header says.`),
      signature,
    ];
  }
  return [
    missingKey(header, jwks),
    ...KEY_RULES.slice(1).map((rule) => skipped(rule, "Not checked: there is no key.")),
  ];
}

function missingKey({ kid }: TokenHeader, { keys, missingKeyCode }: JwksReading): RuleResult {
  const known = keys.map((key) => key.kid === undefined ? "one without `kid`" : quoted(key.kid)).join(", ") ||
    "none";
  const wanted = typeof kid === "string" && kid !== ""
    ? `The token's \`kid\` is ${quoted(kid)}`
    : "The token has no `kid`";
  return failed("key-found", {
    code: missingKeyCode,
    seen: `${wanted}; PowerSync finds no key for it. The keys it has: ${known}.`,
    fix: FIX_KEY,
  });
}

async function checkSignature(token: string, { jwk }: ImportedKey, alg: string): Promise<RuleResult> {
  try {
    const { kty, crv, n, e, x, y, k } = jwk;
    const members = Object.entries({ kty, crv, n, e, x, y, k }).filter(([, value]) => value !== undefined);
    const key = kty === "oct"
      ? Buffer.from(String(k), "base64url")
      : await importJWK(Object.fromEntries(members), alg);
    await compactVerify(token, key, { algorithms: [alg] });
    return passed("signature", "The key verifies the signature.");
  } catch (error) {
    // Deno's WebCrypto knows no P-521 in every version; PowerSync's does.
    const unsupported = error instanceof errors.JOSENotSupported ||
      (error instanceof DOMException && error.name === "NotSupportedError");
    if (unsupported) return skipped("signature", `This computer cannot verify ${alg}.`);
    const seen =
      "The key does not verify the signature: the token was changed, or signed with another key of this `kid`.";
    const fix = "Set both secrets from one pair; never give a new key an old `kid`: deno task keys";
    return failed("signature", { code: "PSYNC_S2101", seen, fix });
  }
}
