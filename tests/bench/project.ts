/** The secrets, users and callers that the benchmarks share. */
import { exportJWK, generateKeyPair } from "jose";
import { base64, POWERSYNC_URL, PUBLISHABLE_KEY, signLegacyToken, userClaims } from "../support/project.ts";
import { makeKey, sign } from "../support/signing.ts";

/** The algorithms that are compared: the default, and the two others that people choose. */
export const ALGORITHMS = ["RS256", "ES256", "EdDSA"] as const;

const userKey = await makeKey("ES256", "user-key");

/** The environment of the functions with a fresh signing key. */
export async function environmentFor(
  alg: string,
  supabaseUrl = "http://127.0.0.1:9",
): Promise<Record<string, string>> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    POWERSYNC_PRIVATE_KEY: base64({ ...await exportJWK(privateKey), alg, kid: "powersync-bench" }),
    POWERSYNC_URL,
    SUPABASE_URL: supabaseUrl,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: PUBLISHABLE_KEY }),
    SUPABASE_JWKS: JSON.stringify({ keys: [userKey.publicJwk] }),
  };
}

/** The headers of each kind of caller. */
export const CALLERS: Readonly<
  Record<"nobody" | "anonymous" | "signing-key user" | "legacy user", Record<string, string>>
> = {
  nobody: {},
  anonymous: { apikey: PUBLISHABLE_KEY },
  "signing-key user": { Authorization: `Bearer ${await sign(userClaims(), { key: userKey })}` },
  "legacy user": { Authorization: `Bearer ${await signLegacyToken()}` },
};
