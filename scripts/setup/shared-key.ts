import { Buffer } from "node:buffer";
import { decodeJsonSecret, isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import type { ConfiguredKey } from "./client-auth.ts";
import { LOCAL_KEY_PREFIX } from "./local-only.ts";

/** The name of the shared secret for development. The functions do not read it, and a JWKS never shows it. */
export const SHARED_KEY_NAME = "POWERSYNC_SHARED_KEY";

/** A key that signs and verifies with HS256. */
export type SharedKey = ConfiguredKey & {
  readonly kty: "oct";
  readonly alg: "HS256";
  readonly kid: string;
  readonly k: string;
};

/** RFC 7518, section 3.2: as long as the hash or longer. */
const SHARED_KEY_BYTES = 32;

/** Makes a shared secret. */
export function makeSharedKey(kid = `${LOCAL_KEY_PREFIX}shared-${randomText(5)}`): SharedKey {
  return { kty: "oct", alg: "HS256", kid, k: randomText(SHARED_KEY_BYTES) };
}

/**
 * The shared secret in the value of `POWERSYNC_SHARED_KEY`.
 *
 * @returns The key, or `undefined` when the value is something else.
 */
export function readSharedKey(value: string): SharedKey | undefined {
  const decoded = decodeJsonSecret(value);
  if (!decoded.ok || !isJsonObject(decoded.value)) return undefined;
  const { kty, alg, kid, k } = decoded.value;
  if (kty !== "oct" || (alg !== undefined && alg !== "HS256")) return undefined;
  if (typeof kid !== "string" || kid === "" || typeof k !== "string") return undefined;
  if (!/^[A-Za-z0-9_-]+$/.test(k) || Buffer.from(k, "base64url").length < SHARED_KEY_BYTES) return undefined;
  return { kty, alg: "HS256", kid, k };
}

function randomText(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("base64url");
}
