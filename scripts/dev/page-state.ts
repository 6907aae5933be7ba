import { type KeyRing, loadKeyRing, signingKeyAt } from "../../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../../supabase/functions/_shared/powersync/settings.ts";
import { audiencesOf } from "../setup/audience.ts";
import { clientAuthYaml } from "../setup/client-auth.ts";
import { readEnvFile } from "../setup/env-file.ts";
import { inspect } from "../setup/inspect.ts";
import type { Platform } from "../setup/platform.ts";
import { jwksUrlOf } from "../setup/project-url.ts";

/** What the page shows. */
export interface PageOptions {
  readonly origin: string;
  readonly platform: Platform;
  /** The `.env` file with the signing keys. */
  readonly envFile: string;
  /** What `powersync-jwks` answers now. */
  readonly jwks: () => Promise<Response>;
}

/** A published key as the page lists it. */
export interface ListedKey {
  readonly kid: string;
  readonly alg: string;
  /** `signs`: new tokens. `starts`: later, at `startsAt`. `verifies`: only tokens made earlier or elsewhere. */
  readonly role: "signs" | "starts" | "verifies";
  /** Seconds since 1970. */
  readonly startsAt: number | undefined;
}

/**
 * What the page starts with.
 *
 * @throws {PowerSyncAuthError} A secret is broken.
 * @throws {CommandError} The `.env` file is.
 */
export async function pageState({ origin, platform, envFile }: PageOptions): Promise<Response> {
  const variables = await readEnvFile(envFile) ?? {};
  const ring = await loadKeyRing(readKeySecrets(variables));
  const jwksUri = jwksUrlOf(origin);
  return Response.json({
    supabaseUrl: platform.supabaseUrl,
    publishableKey: platform.publishableKey,
    isDevelopmentAuth: platform.isDevelopmentAuth,
    keys: listedKeys(ring, Date.now() / 1000),
    problems: await inspect(variables, { place: "local", supabaseUrl: platform.supabaseUrl }),
    clientAuth: clientAuthYaml({ audiences: audiencesOf(variables, []), jwksUri }),
  });
}

/**
 * The published keys and the role of each.
 *
 * @param ring The keys.
 * @param now Seconds since 1970.
 * @throws {PowerSyncAuthError} No key can sign.
 */
export function listedKeys(ring: KeyRing, now: number): ListedKey[] {
  const { kid: signing } = signingKeyAt(ring, now);
  return ring.published.map(({ kid, alg }) => {
    const startsAt = ring.signing.find((key) => key.kid === kid)?.notBefore;
    if (kid === signing) return { kid, alg, role: "signs", startsAt };
    const isLater = startsAt !== undefined && startsAt > now;
    return { kid, alg, role: isLater ? "starts" : "verifies", startsAt };
  });
}
