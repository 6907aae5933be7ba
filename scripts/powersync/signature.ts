import { Buffer } from "node:buffer";
import type { PowerSyncCode } from "./codes.ts";
import { verifies } from "./import-key.ts";
import { isLooselyEqual, type JwksReading, type KnownKey } from "./jwks.ts";
import { MIN_RSA_BITS, POWERSYNC_ALGORITHMS } from "./limits.ts";
import { failed, passed, quoted, type RuleResult, skipped } from "./result.ts";

/** A token's header, as far as PowerSync reads it. */
export interface TokenHeader {
  readonly alg: unknown;
  readonly kid: unknown;
}

const FIX_KEY = "Compare the header with the live JWKS. A key must be published 75 minutes before it signs.";

/** The rule about the header's `alg` (PowerSync KeySpec). */
export function checkAlgorithm({ alg }: TokenHeader): RuleResult {
  const seen = `The header states \`alg\` ${quoted(alg)}`;
  if (Object.values(POWERSYNC_ALGORITHMS).flat().some((name) => name === alg)) {
    return passed("token-algorithm", `${seen}.`);
  }
  const fix = alg === "Ed25519"
    ? 'Sign with `alg: "EdDSA"`: PowerSync does not know the newer name.'
    : "Sign with RS256, RS384, RS512, ES256, ES384 or EdDSA.";
  return failed("token-algorithm", { seen: `${seen}, which PowerSync does not accept.`, fix });
}

/** The rules that need a key, when they cannot be checked. */
export function keyNotChecked(seen: string): RuleResult[] {
  return [skipped("key-found", seen), skipped("key-algorithm", seen), skipped("signature", seen)];
}

/**
 * The rules about the key and the signature, as PowerSync's KeyStore applies them: a key whose `kid` matches is final;
 * if there is none, each key without `kid` is tried, and one that does not fit its algorithm ends the search.
 *
 * @param options Its header, with an algorithm that PowerSync accepts, and every JWKS that PowerSync has, in its order.
 */
export async function checkKeyAndSignature(
  token: string,
  { header, readings }: { header: TokenHeader; readings: readonly JwksReading[] },
): Promise<RuleResult[]> {
  if (readings.length === 0) return keyNotChecked("No JWKS was given to check it with.");
  const alg = String(header.alg);
  const keys = readings.flatMap((reading) => reading.keys);
  const named = header.kid ? keys.find(({ kid }) => isLooselyEqual(kid, header.kid)) : undefined;
  const wildcards = keys.filter(({ kid, algorithms }) =>
    (kid === undefined || kid === null) && algorithms.includes(alg)
  );
  for (const key of named === undefined ? wildcards : [named]) {
    const found = named === undefined
      ? "The JWKS has no key of that `kid`; PowerSync tries the keys without `kid`."
      : `The JWKS has the key ${quoted(key.kid)}, and PowerSync tries no other.`;
    const problem = whyUnfit(key, alg);
    if (problem !== undefined) {
      return [
        passed("key-found", found),
        failed("key-algorithm", {
          seen: problem,
          fix: "Sign with the algorithm that the published key states, and with its `kid`.",
        }),
        skipped("signature", "Not checked: the key does not fit the algorithm."),
      ];
    }
    const isGood = await isSignedBy(token, { key, alg });
    if (!isGood && named === undefined) continue;
    const fits = passed("key-algorithm", `The key is for ${alg}, as the header says.`);
    return [passed("key-found", found), fits, signatureResult(isGood)];
  }
  const spoiled = readings.find(({ missingKeyCode }) => missingKeyCode !== "PSYNC_S2101");
  return [
    missingKey(header, { keys, code: spoiled?.missingKeyCode }),
    ...keyNotChecked("Not checked: there is no key.").slice(1),
  ];
}

function whyUnfit({ jwk, algorithms, imported: { kind, bits } }: KnownKey, alg: string): string | undefined {
  if (!algorithms.includes(alg)) {
    return `The header's \`alg\` is ${quoted(alg)}; the key is for ${quoted(jwk.alg || algorithms)}.`;
  }
  if (!POWERSYNC_ALGORITHMS[kind]?.includes(alg)) {
    return `The key is of the kind ${kind}, which cannot verify ${alg}.`;
  }
  return bits === undefined || bits >= MIN_RSA_BITS
    ? undefined
    : `The key has ${bits} bits; ${alg} needs ${MIN_RSA_BITS}.`;
}

function missingKey(
  { kid }: TokenHeader,
  { keys, code }: { keys: readonly KnownKey[]; code: PowerSyncCode | undefined },
): RuleResult {
  const known = keys.map((key) => key.kid === undefined ? "one without `kid`" : quoted(key.kid)).join(", ");
  const wanted = kid ? `The token's \`kid\` is ${quoted(kid)}` : "The token has no `kid`";
  const seen = `${wanted}; PowerSync finds no key for it. The keys it has: ${known || "none"}.`;
  return failed("key-found", { code, seen, fix: FIX_KEY });
}

async function isSignedBy(token: string, { key, alg }: { key: KnownKey; alg: string }): Promise<boolean> {
  const end = token.lastIndexOf(".");
  const data = new TextEncoder().encode(token.slice(0, end));
  const signature = new Uint8Array(Buffer.from(token.slice(end + 1), "base64"));
  return await verifies(key.imported, { alg, data, signature });
}

function signatureResult(isGood: boolean): RuleResult {
  if (isGood) return passed("signature", "The key verifies the signature.");
  const seen =
    "The key does not verify the signature: the token was changed, or signed with another key of this `kid`.";
  const fix = "Set both secrets from one pair; never give a new key an old `kid`.";
  return failed("signature", { seen, fix });
}
