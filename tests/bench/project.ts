import { environmentOf } from "../support/functions.ts";
import { base64, projectKeys, PUBLISHABLE_KEY, signLegacyToken, userToken } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";

/** The key types that PowerSync accepts, of which RS256 is the default. */
export const ALGORITHMS = ["RS256", "ES256", "EdDSA"] as const;

/** The environment of the functions with a new signing key. */
export async function environmentFor(alg: string, url?: string): Promise<Record<string, string>> {
  const { privateJwk } = await makeKey(alg, "powersync-bench");
  return environmentOf({
    ...(url === undefined ? {} : { url }),
    inline: [projectKeys.ES256],
    environment: { POWERSYNC_PRIVATE_KEY: base64(privateJwk) },
  });
}

/** The headers of each kind of caller. */
export const CALLERS: Readonly<
  Record<"anybody" | "anonymous" | "signing-key user" | "legacy user", Record<string, string>>
> = {
  anybody: {},
  anonymous: { apikey: PUBLISHABLE_KEY },
  "signing-key user": { Authorization: `Bearer ${await userToken()}` },
  "legacy user": { Authorization: `Bearer ${await signLegacyToken()}` },
};

/** How a function is called, and the goal: its cold start as a multiple of an empty server's. */
export const WAYS = [
  { name: "powersync-jwks", caller: "anybody", goal: 1.4 },
  { name: "powersync-auth-anonymous", caller: "anonymous", goal: 1.7 },
  { name: "powersync-auth", caller: "signing-key user", goal: 1.9 },
  { name: "powersync-auth", caller: "legacy user", goal: 2.6 },
] as const;
