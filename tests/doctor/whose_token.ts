/** A project as the doctor knows it, and tokens of it and of others. */
import type { KnownSetup } from "../../scripts/doctor/tokens/recognise-token.ts";
import { claimsOf, LEGACY_SECRET, signLegacyToken } from "../support/project.ts";
import { makeKey, sign } from "../support/signing.ts";

export const REF = "abcdefghijklmnopqrst";
export const OTHER_REF = "zyxwvutsrqponmlkjihg";
export const HOSTED = `https://${REF}.supabase.co`;
export const INSTANCE = "https://a.powersync.journeyapps.com";
export const NOW = 1_800_000_000;

export const ours = await makeKey("ES256", "powersync-0123456789");
export const another = await makeKey("ES256", "powersync-9876543210");
export const development = await makeKey("ES256", "dev-0123456789");
export const provider = await makeKey("RS256", "provider-key");
export const auth = await makeKey("ES256", "auth-key");

export const known: KnownSetup = {
  supabaseUrl: HOSTED,
  projectRef: REF,
  issuer: "powersync-auth",
  keyIds: ["powersync-0123456789"],
  audiences: [INSTANCE],
  providers: [{ issuer: "https://login.example.com/" }],
  sharedKid: "dev-shared-x",
};

export const times = { iat: NOW, exp: NOW + 300 };
export const good = { iss: "powersync-auth", sub: "u", aud: INSTANCE, ...times };
export const user = (changes: Record<string, unknown> = {}) => claimsOf(HOSTED, { ...times, ...changes });
export const hs256 = (claims: Record<string, unknown>, kid?: string) =>
  signLegacyToken(claims, LEGACY_SECRET).then((token) => {
    if (kid === undefined) return token;
    const [, payload, signature] = token.split(".");
    return `${btoa(JSON.stringify({ alg: "HS256", kid })).replace(/=+$/, "")}.${payload}.${signature}`;
  });
export const of = (iss: string, changes: Record<string, unknown> = {}) =>
  sign({ iss, sub: "u", aud: "app", ...times, ...changes }, { key: provider });
