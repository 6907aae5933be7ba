import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import type { PowerSyncCode } from "./codes.ts";
import { CURVE_ALGORITHM, MIN_RSA_BITS, POWERSYNC_ALGORITHMS } from "./limits.ts";
import { failed, passed, quoted, type RuleResult, warning } from "./result.ts";

/** A key as PowerSync keeps it. */
export interface ImportedKey {
  /** Key ID; `undefined` makes the key a wildcard, tried for every token whose `kid` is not found. */
  readonly kid: string | undefined;
  readonly jwk: Readonly<Record<string, unknown>>;
  /** The JWS algorithms that tokens verified with it may have. */
  readonly algorithms: readonly string[];
}

/** What PowerSync makes of a JWKS. */
export interface JwksReading {
  /** The keys it knows afterwards; none when one of them spoils the set. */
  readonly keys: readonly ImportedKey[];
  /** The code that a client sees when its token's key is not among `keys`. */
  readonly missingKeyCode: PowerSyncCode;
  readonly results: readonly RuleResult[];
}

/** Members that only a private or a shared key has (RFC 7518, sections 6.2.2, 6.3.2 and 6.4). */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/**
 * Checks the answer of a JWKS URI: which keys PowerSync imports, which it skips, and what makes it refuse the set.
 *
 * @param body The answer's JSON, parsed.
 * @returns One result a rule and key; `verdictOf` sums them up.
 */
export function checkJwks(body: unknown): readonly RuleResult[] {
  return readJwks(body, { from: "remote" }).results;
}

/**
 * Reads a JWKS as PowerSync does.
 *
 * @param body The parsed JSON.
 * @param options `remote`: from a JWKS URI, where other keys than public signing keys are skipped silently; `static`:
 * out of `client_auth.jwks` of service.yaml, where shared secrets (`oct`) count too.
 */
export function readJwks(body: unknown, { from }: { from: "remote" | "static" }): JwksReading {
  const members = isJsonObject(body) ? body.keys : undefined;
  if (!Array.isArray(members)) {
    const seen =
      'The JWKS is not {"keys":[…]}. With an answer of 2xx, PowerSync drops the keys it had at once.';
    return spoiled("PSYNC_S2204", [failed("jwks-shape", { code: "PSYNC_S2204", seen, fix: FIX_URI })]);
  }
  const results: RuleResult[] = [
    passed("jwks-shape", `The JWKS is an object with ${counted(members.length)}.`),
  ];
  const keys: ImportedKey[] = [];
  members.forEach((member: unknown, index) => results.push(...readMember(member, { index, from, keys })));
  results.push(...keys.flatMap(noticeKey), ...duplicates(keys));
  if (results.some(({ code }) => code === "PSYNC_S2201")) return spoiled("PSYNC_S2201", results);
  results.push(
    keys.length > 0 ? passed("jwks-not-empty", `PowerSync keeps ${counted(keys.length)}.`) : EMPTY,
  );
  return { keys, missingKeyCode: "PSYNC_S2101", results };
}

const FIX_URI = "Check that the URI is that of powersync-jwks, and that its answer is the JWKS.";
const FIX_KEY = "Unset the secret that holds this key, or make a new one: deno task keys";

const EMPTY = failed("jwks-not-empty", {
  code: "PSYNC_S2101",
  seen: "The JWKS holds no key that PowerSync uses, and PowerSync drops the keys it had at once.",
  fix: "Make a key and set its secret: deno task keys",
});

function spoiled(missingKeyCode: PowerSyncCode, results: RuleResult[]): JwksReading {
  return { keys: [], missingKeyCode, results };
}

function readMember(
  member: unknown,
  { index, from, keys }: { index: number; from: "remote" | "static"; keys: ImportedKey[] },
): RuleResult[] {
  if (!isJsonObject(member)) {
    const seen = `Member ${
      index + 1
    } of the JWKS is not an object, which makes PowerSync refuse the whole set.`;
    return [failed("jwks-member", { code: "PSYNC_S2201", seen, fix: FIX_KEY })];
  }
  const label = nameOf(member, index);
  const reason = from === "remote" ? whySkipped(member) : undefined;
  if (reason !== undefined) {
    const seen = `${label} is skipped silently by PowerSync: ${reason}.`;
    return [warning("jwks-key-used", { seen, fix: FIX_KEY }), ...privateMembers(member, label)];
  }
  // A shared secret in the service's own configuration is meant to be there.
  const shown = member.kty === "oct" ? [] : privateMembers(member, label);
  const publicKey = importPublicKey(member);
  if (member.kty === "oct" ? !isSharedKey(member) : publicKey === undefined) {
    const seen = `${label} cannot be imported, which makes PowerSync refuse the whole set.`;
    return [failed("jwks-key-imports", { code: "PSYNC_S2201", seen, fix: FIX_KEY }), ...shown];
  }
  // PowerSync KeySpec: an empty `kid` is a wildcard too.
  const kid = typeof member.kid === "string" && member.kid !== "" ? member.kid : undefined;
  const algorithms = algorithmsOf(member);
  keys.push({ kid, jwk: member, algorithms });
  return [
    passed("jwks-key-imports", `${label} can be imported.`),
    ...rsaBits(publicKey, label),
    algorithmResult(algorithms, { member, label }),
    ...shown,
  ];
}

function whySkipped(member: Record<string, unknown>): string | undefined {
  if (member.kty === "oct") return "its key type is `oct`, a shared secret, which a JWKS URI must not show";
  if (member.kty !== "RSA" && member.kty !== "EC" && member.kty !== "OKP") {
    return `its key type is ${quoted(member.kty)}`;
  }
  if (typeof member.use === "string" && member.use !== "sig") {
    return `its \`use\` is ${quoted(member.use)}, not "sig"`;
  }
  if (Array.isArray(member.key_ops) && !member.key_ops.includes("verify")) {
    return "its `key_ops` lack `verify`";
  }
  return undefined;
}

/** Node refuses what Deno's WebCrypto imports without complaint, and PowerSync runs on Node. */
function importPublicKey(member: Record<string, unknown>): KeyObject | undefined {
  const names = { RSA: ["n", "e"], EC: ["crv", "x", "y"], OKP: ["crv", "x"] }[String(member.kty)];
  if (names === undefined) return undefined;
  const key: JsonWebKey = { kty: String(member.kty) };
  for (const name of names) {
    const value = member[name];
    if (typeof value !== "string") return undefined;
    key[name] = value;
  }
  try {
    return createPublicKey({ format: "jwk", key });
  } catch {
    return undefined;
  }
}

function isSharedKey({ k }: Record<string, unknown>): boolean {
  return typeof k === "string" && /^[A-Za-z0-9_-]+$/.test(k);
}

function algorithmsOf({ kty, crv, alg }: Record<string, unknown>): string[] {
  const ofType = POWERSYNC_ALGORITHMS[String(kty)] ?? [];
  const ofCurve = kty === "EC" || kty === "OKP"
    ? ofType.filter((name) => CURVE_ALGORITHM[String(crv)] === name)
    : ofType;
  return ofCurve.filter((name) => alg === undefined || alg === "" || alg === name);
}

function rsaBits(key: KeyObject | undefined, label: string): RuleResult[] {
  if (key === undefined || key.asymmetricKeyType !== "rsa") return [];
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits >= MIN_RSA_BITS) return [passed("jwks-rsa-bits", `${label} has ${bits} bits.`)];
  const seen =
    `${label} has ${bits} bits; tokens signed with an RSA key of less than ${MIN_RSA_BITS} are refused.`;
  return [failed("jwks-rsa-bits", { code: "PSYNC_S2101", seen, fix: FIX_KEY })];
}

function algorithmResult(
  algorithms: readonly string[],
  { member, label }: { member: Record<string, unknown>; label: string },
): RuleResult {
  if (algorithms.length > 0) {
    return passed("jwks-key-algorithm", `${label} verifies ${algorithms.join(", ")}.`);
  }
  const stated = member.alg === undefined ? `curve ${quoted(member.crv)}` : `\`alg\` ${quoted(member.alg)}`;
  const seen = `${label} states ${stated}, with which no token can be verified.`;
  const fix = member.alg === "Ed25519" ? 'State `alg: "EdDSA"` for an Ed25519 key.' : FIX_KEY;
  return failed("jwks-key-algorithm", { code: "PSYNC_S2101", seen, fix });
}

/** Our own rule: PowerSync does not notice a private key that is shown to the world. */
function privateMembers(member: Record<string, unknown>, label: string): RuleResult[] {
  const names = PRIVATE_MEMBERS.filter((name) => Object.hasOwn(member, name));
  if (names.length === 0) return [passed("jwks-no-private-member", `${label} shows no private member.`)];
  const seen = `${label} shows the private member ${
    names.map((name) => `\`${name}\``).join(", ")
  } to everybody.`;
  const fix = "Treat the key as leaked: replace it at once with deno task keys -- --rotate --starts-in now";
  return [failed("jwks-no-private-member", { code: undefined, seen, fix })];
}

function noticeKey({ kid, jwk }: ImportedKey): RuleResult[] {
  if (kid !== undefined) {
    return [passed("jwks-kid-present", `The ${jwk.kty} key ${quoted(kid)} has a Key ID.`)];
  }
  const seen =
    `A ${jwk.kty} key has no \`kid\`: PowerSync tries it for every token whose \`kid\` it does not know.`;
  return [warning("jwks-kid-present", { seen, fix: "Give the key a `kid` and sign with it in the header." })];
}

function duplicates(keys: readonly ImportedKey[]): RuleResult[] {
  const seen = new Set<string>();
  return keys.flatMap(({ kid }) => {
    if (kid === undefined) return [];
    if (!seen.has(kid)) {
      seen.add(kid);
      return [];
    }
    const text = `Two keys have the \`kid\` ${quoted(kid)}; PowerSync uses the first and never the other.`;
    return [warning("jwks-kid-unique", { seen: text, fix: "Give each key its own `kid`." })];
  });
}

function nameOf(member: Record<string, unknown>, index: number): string {
  const kid = typeof member.kid === "string" ? ` (kid ${quoted(member.kid)})` : "";
  return `Key ${index + 1}${kid}`;
}

function counted(keys: number): string {
  return keys === 1 ? "1 key" : `${keys} keys`;
}
