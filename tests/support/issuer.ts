import { serve, type Served } from "./serving.ts";
import { makeKey, sign, type TestKey } from "./signing.ts";

/** An identity provider on loopback, with OIDC Discovery, which counts what it is asked. */
export interface Issuer extends Served {
  /** What stands in `iss`; it may differ from where the provider is. */
  issuer: string;
  readonly jwksUri: string;
  readonly calls: { discovery: number; jwks: number };
  keys: readonly TestKey[];
  /** Replaces every answer, as a broken provider does. */
  broken: (() => Response) | undefined;
  /** The Discovery document. */
  metadata: Record<string, unknown>;
  /** Signs with the provider's last key. */
  sign(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
}

/**
 * Starts a provider.
 *
 * @param alg The algorithm it signs with.
 * @param path What its issuer ends in, for example `/realms/app`.
 */
export async function startIssuer(alg = "ES256", path = ""): Promise<Issuer> {
  const calls = { discovery: 0, jwks: 0 };
  const server = serve((request) => {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith("/.well-known/openid-configuration")) {
      calls.discovery += 1;
      return provider.broken?.() ?? Response.json(provider.metadata);
    }
    calls.jwks += 1;
    return provider.broken?.() ?? Response.json({ keys: provider.keys.map(({ publicJwk }) => publicJwk) });
  });
  const { url } = server;
  const provider: Issuer = {
    ...server,
    issuer: `${url}${path}`,
    jwksUri: `${url}/jwks`,
    calls,
    keys: [await makeKey(alg, "provider-key-1")],
    broken: undefined,
    metadata: { issuer: `${url}${path}`, jwks_uri: `${url}/jwks` },
    sign(claims, header = {}) {
      const key = provider.keys.at(-1);
      if (key === undefined) throw new Error("The provider has no key.");
      const now = Math.floor(Date.now() / 1000);
      return sign({ iss: provider.issuer, iat: now, exp: now + 3600, ...claims }, { key, header });
    },
  };
  return provider;
}
