import type { UnverifiedToken } from "./bearer.ts";
import { providerVerifier } from "./identity-provider.ts";
import { parseIdentityProviders } from "./provider-settings.ts";
import type { VerifiedUser } from "./user.ts";

/**
 * The verifiers of all trusted identity providers, by issuer. Loaded only where a project has any.
 *
 * @param list The secret `POWERSYNC_IDENTITY_PROVIDERS`.
 * @param now Milliseconds since 1970.
 * @throws {PowerSyncAuthError} `POWERSYNC_IDENTITY_PROVIDERS_INVALID`
 */
export function verifiersByIssuer(
  list: string,
  now: () => number,
): ReadonlyMap<unknown, (token: UnverifiedToken) => Promise<VerifiedUser>> {
  return new Map(
    parseIdentityProviders(list).map((provider) => [provider.issuer, providerVerifier(provider, now)]),
  );
}
