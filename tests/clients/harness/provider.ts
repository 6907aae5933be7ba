/** An identity provider other than Supabase Auth. */
import { serve } from "../../support/serving.ts";
import { makeKey, sign } from "../../support/signing.ts";

export interface Provider extends AsyncDisposable {
  /** The line of the functions' env file that names it. */
  readonly secrets: string;
  /** An access token of one of its users. */
  token(sub: string): Promise<string>;
}

export async function startProvider(): Promise<Provider> {
  const key = await makeKey("ES256", "provider-key");
  const server = serve(() => Response.json({ keys: [key.publicJwk] }));
  const issuer = server.url;
  const entry = { issuer, jwks_uri: `${issuer}/jwks`, audience: "app", subject_prefix: "" };
  return {
    secrets: `POWERSYNC_IDENTITY_PROVIDERS='${JSON.stringify([entry])}'\n`,
    token(sub) {
      const iat = Math.floor(Date.now() / 1000);
      return sign({ iss: issuer, aud: "app", sub, role: "authenticated", iat, exp: iat + 3600 }, { key });
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
