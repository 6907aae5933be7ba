/**
 * CPU per answer, in one process: each function beside the cryptography that it cannot do without. `deno task bench`
 * prints the ratios.
 */
import { generateKeyPair } from "jose";
import { powersyncAuthAnonymous } from "../../supabase/functions/powersync-auth-anonymous/index.ts";
import { powersyncAuth } from "../../supabase/functions/powersync-auth/index.ts";
import { powersyncJwks } from "../../supabase/functions/powersync-jwks/index.ts";
import { ALGORITHMS, CALLERS, environmentFor } from "./project.ts";

const SIGNATURE = {
  RS256: { name: "RSASSA-PKCS1-v1_5" },
  ES256: { name: "ECDSA", hash: "SHA-256" },
  EdDSA: { name: "Ed25519" },
} as const;

async function signer(alg: keyof typeof SIGNATURE) {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  const message = crypto.getRandomValues(new Uint8Array(400));
  const signature = await crypto.subtle.sign(SIGNATURE[alg], privateKey, message);
  return {
    sign: () => crypto.subtle.sign(SIGNATURE[alg], privateKey, message),
    verify: () => crypto.subtle.verify(SIGNATURE[alg], publicKey, signature, message),
  };
}

const request = (caller: keyof typeof CALLERS) =>
  new Request("http://localhost/", { headers: CALLERS[caller] });
// What supabase-js users' tokens are signed with.
const userToken = await signer("ES256");

for (const alg of ALGORITHMS) {
  const environment = await environmentFor(alg);
  const key = await signer(alg);
  const auth = powersyncAuth({ environment: () => environment });
  let made = 0;
  // A token is reused only for the same claims.
  const claims = ({ id }: { id: string }) => ({ sub: id, made: ++made });
  const authWithoutReuse = powersyncAuth({ environment: () => environment, claims });
  const anonymous = powersyncAuthAnonymous({ environment: () => environment });
  const jwks = powersyncJwks({ environment: () => environment });

  Deno.bench(
    `${alg}: one verification and one signature`,
    { group: `${alg} signed in`, baseline: true },
    async () => {
      await userToken.verify();
      await key.sign();
    },
  );
  Deno.bench(`${alg}: powersync-auth, signing-key user`, { group: `${alg} signed in` }, async () => {
    await (await auth(request("signing-key user"))).text();
  });
  Deno.bench(`${alg}: powersync-auth, another token each time`, { group: `${alg} signed in` }, async () => {
    await (await authWithoutReuse(request("signing-key user"))).text();
  });

  Deno.bench(`${alg}: one signature`, { group: `${alg} anonymous`, baseline: true }, async () => {
    await key.sign();
  });
  Deno.bench(`${alg}: powersync-auth-anonymous`, { group: `${alg} anonymous` }, async () => {
    await (await anonymous(request("anonymous"))).text();
  });
  Deno.bench(`${alg}: powersync-jwks`, { group: `${alg} anonymous` }, async () => {
    await (await jwks(request("anybody"))).text();
  });
}
