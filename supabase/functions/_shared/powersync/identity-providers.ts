import type { UnverifiedToken } from "./bearer.ts";
import { providerVerifier } from "./identity-provider.ts";
import { parseIdentityProviders } from "./provider-settings.ts";
import type { UserTokenSettings } from "./settings.ts";
import type { VerifiedUser } from "./user.ts";

/** What the verifiers depend on. */
export interface IdentityProvidersOptions {
  /** The secret `POWERSYNC_IDENTITY_PROVIDERS`. */
  readonly list: string;
  /** The project's own Supabase Auth. */
  readonly supabase: Pick<UserTokenSettings, "supabaseUrl" | "issuer">;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * The verifiers of all trusted identity providers, by issuer. Loaded only where a project has any.
 *
 * @throws {PowerSyncAuthError} `POWERSYNC_IDENTITY_PROVIDERS_INVALID`
 */
export function verifiersByIssuer(
  { list, supabase, now }: IdentityProvidersOptions,
): ReadonlyMap<unknown, (token: UnverifiedToken) => Promise<VerifiedUser>> {
  const supabaseIssuers = [`${supabase.supabaseUrl}/auth/v1`, supabase.issuer ?? []].flat();
  const providers = parseIdentityProviders(list, supabaseIssuers);
  return new Map(providers.map((provider) => [provider.issuer, providerVerifier(provider, now)]));
}
