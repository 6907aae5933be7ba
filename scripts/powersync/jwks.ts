import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import type { PowerSyncCode } from "./codes.ts";
import { type ImportedKey, importKey, type Members } from "./import-key.ts";
import { MIN_RSA_BITS, POWERSYNC_ALGORITHMS } from "./limits.ts";
import { failed, passed, quoted, type RuleResult, warning } from "./result.ts";

/** A key as PowerSync keeps it. */
export interface KnownKey {
  /** Key ID, of any type; `undefined` and `null` make the key a wildcard, tried when no `kid` matches. */
  readonly kid: unknown;
  readonly jwk: Members;
  /** What a token verified with the key may state as `alg` (PowerSync KeySpec), whether the key fits or not. */
  readonly algorithms: readonly string[];
  readonly imported: ImportedKey;
}

export interface JwksReading {
  /** The keys it knows afterwards; none when one of them spoils the set. */
  readonly keys: readonly KnownKey[];
  /** The code that a client sees when its token's key is not among `keys`. */
  readonly missingKeyCode: PowerSyncCode;
  readonly results: readonly RuleResult[];
}

/** What a JWKS URI answers, after redirects. PowerSync ignores the content type. */
export interface JwksAnswer {
  readonly status: number;
  readonly text: string;
}

/** Members that only a private or a shared key has (RFC 7518, sections 6.2.2, 6.3.2 and 6.4). */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

const FIX_URI = "Check that the URI is that of powersync-jwks, and that it returns the JWKS.";
const SPOILS_SET = ", which makes PowerSync refuse the whole set.";
const FIX_KEY = "Unset the secret that holds this key, or replace the key.";

/**
 * Checks a JWKS: which keys PowerSync imports, which it skips, and what makes it refuse the set.
 *
 * @returns One result a rule and key; `verdictOf` sums them up.
 */
export function checkJwks(body: unknown): readonly RuleResult[] {
  return readJwks(body).results;
}

/** Reads what a JWKS URI answers. */
export function readJwksAnswer({ status, text }: JwksAnswer): JwksReading {
  // An answer of 204 has no body.
  if (status < 200 || status > 299 || status === 204) {
    return badAnswer(`The JWKS URI answers HTTP ${status}.`);
  }
  try {
    return readJwks(JSON.parse(text.replace(/^\uFEFF/, "")));
  } catch {
    return badAnswer("The JWKS URI answers with a body that is not JSON.");
  }
}

/** Reads the JWKS of a JWKS URI. */
export function readJwks(body: unknown): JwksReading {
  const members = isJsonObject(body) ? body.keys : undefined;
  if (!Array.isArray(members)) {
    // PowerSync reads `keys` of whatever it gets, which throws for null alone.
    const code = body === null ? "PSYNC_S2201" : "PSYNC_S2204";
    return badAnswer('The JWKS is not {"keys":[…]}: PowerSync drops the keys it had at once.', code);
  }
  const results = [passed("jwks-shape", `The JWKS is an object with ${counted(members.length)}.`)];
  // The form of all members is checked before the first is imported; null passes for an object.
  const misfit = members.findIndex((member) => member !== null && !isJsonObject(member));
  if (misfit >= 0) {
    const seen = `Member ${misfit + 1} of the JWKS is not an object${SPOILS_SET}`;
    return spoiled([...results, failed("jwks-member", { seen, fix: FIX_KEY })]);
  }
  const keys: KnownKey[] = [];
  members.forEach((member: unknown, index) => results.push(...readMember(member, { index, keys })));
  results.push(...keys.flatMap(noticeKey), ...duplicates(keys));
  if (results.some(({ code }) => code === "PSYNC_S2201")) return spoiled(results, "PSYNC_S2201");
  results.push(
    keys.length > 0 ? passed("jwks-not-empty", `PowerSync keeps ${counted(keys.length)}.`) : EMPTY,
  );
  return { keys, missingKeyCode: "PSYNC_S2101", results };
}

const EMPTY = failed("jwks-not-empty", {
  seen: "The JWKS holds no key that PowerSync uses, and PowerSync drops the keys it had at once.",
  fix: "Set the secret of a signing key.",
});

function badAnswer(seen: string, code?: PowerSyncCode): JwksReading {
  return spoiled([failed("jwks-shape", { code, seen, fix: FIX_URI })], code);
}

function spoiled(results: readonly RuleResult[], missingKeyCode: PowerSyncCode = "PSYNC_S2204"): JwksReading {
  return { keys: [], missingKeyCode, results };
}

function readMember(
  member: unknown,
  { index, keys }: { index: number; keys: KnownKey[] },
): RuleResult[] {
  if (!isJsonObject(member)) {
    const seen = `Member ${index + 1} of the JWKS is null${SPOILS_SET}`;
    return [failed("jwks-member", { code: "PSYNC_S2201", seen, fix: FIX_KEY })];
  }
  const label = nameOf(member, index);
  const reason = whySkipped(member);
  if (reason !== undefined) {
    const seen = `PowerSync skips ${label} silently: ${reason}.`;
    return [warning("jwks-key-used", { seen, fix: FIX_KEY }), ...privateMembers(member, label)];
  }
  const key = knownKey(member);
  if (key === undefined) {
    const seen = `${label} cannot be imported${SPOILS_SET}`;
    return [failed("jwks-key-imports", { seen, fix: FIX_KEY }), ...privateMembers(member, label)];
  }
  keys.push(key);
  return [
    passed("jwks-key-imports", `${label} can be imported.`),
    ...rsaBits(key, label),
    algorithmResult(key, label),
    ...privateMembers(member, label),
  ];
}

function whySkipped({ kty, use, key_ops }: Members): string | undefined {
  if (kty === "oct") return "its key type is `oct`, a shared secret, which must not be published";
  if (!["RSA", "EC", "OKP"].some((type) => isLooselyEqual(type, kty))) {
    return `its key type is ${quoted(kty)}`;
  }
  if (typeof use === "string" && use !== "sig") return `its \`use\` is ${quoted(use)}, not "sig"`;
  return Array.isArray(key_ops) && !key_ops.includes("verify") ? "its `key_ops` lack `verify`" : undefined;
}

/**
 * A JWK as PowerSync keeps it.
 *
 * @returns `undefined` when it cannot be imported.
 */
export function knownKey(jwk: Members): KnownKey | undefined {
  const imported = importKey(jwk);
  if (imported === undefined) return undefined;
  const stated = [jwk.alg].filter((alg) => typeof alg === "string");
  const algorithms = jwk.alg ? stated : POWERSYNC_ALGORITHMS[String(jwk.kty)] ?? [];
  return { kid: jwk.kid, jwk, imported, algorithms };
}

/** PowerSync compares with `==`, for which the number 7 is the text "7", and ["EC"] is "EC". */
export function isLooselyEqual(first: unknown, second: unknown): boolean {
  try {
    return first == second;
  } catch {
    // An object with a `toString` member of its own.
    return false;
  }
}

function rsaBits({ imported: { bits } }: KnownKey, label: string): RuleResult[] {
  if (bits === undefined) return [];
  if (bits >= MIN_RSA_BITS) return [passed("jwks-rsa-bits", `${label} has ${bits} bits.`)];
  const seen = `${label} has ${bits} bits; PowerSync verifies nothing with less than ${MIN_RSA_BITS}.`;
  return [failed("jwks-rsa-bits", { seen, fix: FIX_KEY })];
}

function algorithmResult({ jwk, algorithms, imported: { kind } }: KnownKey, label: string): RuleResult {
  const usable = algorithms.filter((name) => POWERSYNC_ALGORITHMS[kind]?.includes(name));
  if (usable.length > 0) return passed("jwks-key-algorithm", `${label} verifies ${usable.join(", ")}.`);
  const stated = jwk.alg ? `\`alg\` ${quoted(jwk.alg)}` : `the curve ${quoted(jwk.crv)}`;
  const seen = `${label} states ${stated}, with which no token can be verified.`;
  const fix = jwk.alg === "Ed25519" ? 'State `alg: "EdDSA"` for an Ed25519 key.' : FIX_KEY;
  return failed("jwks-key-algorithm", { seen, fix });
}

/** Our own rule: PowerSync does not notice a private key that is shown to the world. */
function privateMembers(member: Members, label: string): RuleResult[] {
  const names = PRIVATE_MEMBERS.filter((name) => Object.hasOwn(member, name));
  if (names.length === 0) return [passed("jwks-no-private-member", `${label} publishes no private member.`)];
  const list = names.map((name) => `\`${name}\``).join(", ");
  const fix = "Treat the key as leaked, and replace it.";
  return [
    failed("jwks-no-private-member", { seen: `${label} publishes the private member ${list}.`, fix }),
  ];
}

function noticeKey({ kid, jwk }: KnownKey): RuleResult[] {
  const fix = "Give the key a `kid` and sign with it in the header.";
  if (kid === undefined || kid === null) {
    const seen =
      `PowerSync tries a ${jwk.kty} key without \`kid\` for every token whose \`kid\` it does not know.`;
    return [warning("jwks-kid-present", { seen, fix })];
  }
  if (kid === "") {
    return [
      warning("jwks-kid-present", { seen: `No token matches a ${jwk.kty} key with an empty \`kid\`.`, fix }),
    ];
  }
  return [passed("jwks-kid-present", `The ${jwk.kty} key ${quoted(kid)} has a Key ID.`)];
}

function duplicates(keys: readonly KnownKey[]): RuleResult[] {
  const ids = keys.map(({ kid }) => kid).filter((kid) => kid !== undefined && kid !== null);
  return ids.filter((kid, index) => ids.indexOf(kid) < index).map((kid) =>
    warning("jwks-kid-unique", {
      seen: `Two keys have the \`kid\` ${quoted(kid)}; PowerSync uses the first and never the other.`,
      fix: "Give each key its own `kid`.",
    })
  );
}

function nameOf(member: Members, index: number): string {
  return `Key ${index + 1}${typeof member.kid === "string" ? ` (kid ${quoted(member.kid)})` : ""}`;
}

function counted(keys: number): string {
  return keys === 1 ? "1 key" : `${keys} keys`;
}
