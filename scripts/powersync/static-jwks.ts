import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import type { Members } from "./import-key.ts";
import { type JwksReading, type KnownKey, knownKey } from "./jwks.ts";
import { POWERSYNC_ALGORITHMS } from "./limits.ts";
import { failed, passed, quoted } from "./result.ts";

/** Members that must be text, by key type (PowerSync's schema for `client_auth.jwks`). */
const REQUIRED_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  RSA: ["kid", "n", "e"],
  EC: ["alg", "x", "y"],
  OKP: ["alg", "x"],
  oct: ["alg", "k"],
};

const CURVES: Readonly<Record<string, readonly unknown[]>> = {
  EC: ["P-256", "P-384", "P-521"],
  OKP: ["Ed25519", "Ed448"],
};

/**
 * Reads `client_auth.jwks` of the service's configuration. With a key that breaks its schema, or that cannot be
 * imported, the service does not start.
 */
export function readStaticJwks(body: unknown): JwksReading {
  const members = isJsonObject(body) && Array.isArray(body.keys) ? body.keys : [undefined];
  const keys: KnownKey[] = [];
  for (const member of members) {
    const problem = isJsonObject(member) ? schemaProblem(member) : "it is not a JWK";
    const key = problem === undefined ? knownKey(member) : undefined;
    if (key === undefined) {
      const seen = `The service does not start with static key ${keys.length + 1}: ${
        problem ?? "it cannot be imported"
      }.`;
      const fix = "Take the key out of service.yaml, or let the task `config` print the block again.";
      return { keys: [], missingKeyCode: "PSYNC_S2101", results: [failed("static-jwks", { seen, fix })] };
    }
    keys.push(key);
  }
  return {
    keys,
    missingKeyCode: "PSYNC_S2101",
    results: [passed("static-jwks", "The service starts with its static keys.")],
  };
}

function schemaProblem(member: Members): string | undefined {
  const { kty, crv, alg } = member;
  const required = REQUIRED_MEMBERS[String(kty)];
  if (required === undefined) return `its key type is ${quoted(kty)}`;
  const missing = required.find((name) => typeof member[name] !== "string");
  if (missing !== undefined) return `\`${missing}\` must be text`;
  const wrong = ["kid", "use"].find((name) => !["string", "undefined"].includes(typeof member[name]));
  if (wrong !== undefined) return `\`${wrong}\` must be text`;
  const curves = CURVES[String(kty)];
  if (curves !== undefined && !curves.includes(crv)) return `\`crv\` is ${quoted(crv)}`;
  const isKnown = alg === undefined || POWERSYNC_ALGORITHMS[String(kty)]?.some((name) => name === alg);
  return isKnown ? undefined : `\`alg\` is ${quoted(alg)}`;
}
