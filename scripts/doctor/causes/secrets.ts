import type { Cause } from "./cause.ts";

const NEW_KEY =
  "deno task keys -- --env-file .env.production, then supabase secrets set --env-file .env.production";
const NO_TOKEN = "PSYNC_S2106";

/** What can be wrong with the secrets themselves, as far as their file shows it. */
export const SECRET_CAUSES = {
  "env-file-missing": {
    cause: "The file with secrets does not exist.",
    fix:
      "deno task dev makes supabase/functions/.env; or name a file with --env-file, a deployment with --project.",
  },
  "secret-missing": {
    cause: "POWERSYNC_PRIVATE_KEY is not set: nothing signs and nothing is published.",
    code: "PSYNC_S2204",
    fix: NEW_KEY,
  },
  "secret-truncated": {
    cause: "A key secret was cut or edited: it is no longer the JSON of a JWK.",
    code: "PSYNC_S2204",
    fix: `Set it again, in single quotes when it is JSON; or ${NEW_KEY}`,
  },
  "secret-not-a-jwk": {
    cause: "A key secret holds a PEM, a JWT or an API key of Supabase instead of a JWK.",
    code: "PSYNC_S2204",
    fix: NEW_KEY,
  },
  "secrets-swapped": {
    cause: "POWERSYNC_PRIVATE_KEY holds the public half and POWERSYNC_PUBLIC_KEY the private one.",
    code: "PSYNC_S2204",
    fix: "Exchange the two values: the JWK with the member `d` belongs in POWERSYNC_PRIVATE_KEY.",
  },
  "secret-is-public": {
    cause: "A public key was set instead of the private one: it cannot sign.",
    code: "PSYNC_S2204",
    fix: "Set POWERSYNC_PRIVATE_KEY to the JWK that has the member `d`.",
  },
  "secret-is-private": {
    cause: "A private key was set as a public secret. The functions do not publish it.",
    fix: "supabase secrets unset POWERSYNC_PUBLIC_KEY: the public half is published without it.",
  },
  "secret-symmetric": {
    cause: "The key is a shared secret (`kty: oct`), which cannot be published.",
    code: "PSYNC_S2204",
    fix: NEW_KEY,
  },
  "secret-unsupported": {
    cause: "PowerSync or the hosted runtime does not support this type of key.",
    code: "PSYNC_S2204",
    fix: NEW_KEY,
  },
  "secret-too-weak": {
    cause: "The RSA key has fewer than 2048 bits, or an unsafe exponent.",
    code: "PSYNC_S2101",
    fix: NEW_KEY,
  },
  "secret-inconsistent": {
    cause: "The members of the private key do not belong to one key: it was edited or mixed.",
    code: "PSYNC_S2101",
    fix: NEW_KEY,
  },
  "secret-kid-duplicate": {
    cause: "Two signing keys have the same `kid`, and PowerSync would find only one of them.",
    code: "PSYNC_S2101",
    fix: "supabase secrets unset <the secret that is left out>, or give its key another `kid`.",
  },
  "secret-pair-mismatch": {
    cause: "POWERSYNC_PUBLIC_KEY is not the public half of the key with its `kid`.",
    code: "PSYNC_S2101",
    fix: "supabase secrets unset POWERSYNC_PUBLIC_KEY: the public half is published without it.",
  },
  "secrets-local-only": {
    cause: "The file is for this computer, and `supabase secrets set --env-file` would upload all of it.",
    fix: "Make a separate file for the deployment: deno task keys -- --env-file .env.production",
  },
  "url-missing": {
    cause: "POWERSYNC_URL is not set: the auth functions answer with an error.",
    code: NO_TOKEN,
    fix: "supabase secrets set POWERSYNC_URL=https://<instance>.powersync.journeyapps.com",
  },
  "url-placeholder": {
    cause: "POWERSYNC_URL is still the example's placeholder.",
    code: "PSYNC_S2105",
    fix: "Copy the instance URL from PowerSync's dashboard: supabase secrets set POWERSYNC_URL=https://…",
  },
  "url-invalid": {
    cause: "POWERSYNC_URL is not a plain http(s) URL.",
    code: NO_TOKEN,
    fix: "supabase secrets set POWERSYNC_URL=https://<instance>.powersync.journeyapps.com",
  },
  "url-trailing-slash": {
    cause: "The URL ends in a slash. These functions drop it, but PowerSync compares every character.",
    code: "PSYNC_S2105",
    fix: "Set it without the slash, here and in PowerSync's audiences.",
  },
  "url-has-path": {
    cause: "The URL has a path. The URL of a PowerSync Cloud instance, which is its audience, has none.",
    code: "PSYNC_S2105",
    fix: "supabase secrets set POWERSYNC_URL=<the URL up to the host>",
  },
  "url-http-public": {
    cause:
      "The URL is http to a public host: tokens would travel unencrypted, and browsers and phones refuse it.",
    fix: "Use https.",
  },
  "lifetime-out-of-range": {
    cause: "POWERSYNC_TOKEN_TTL must be a whole number from 60 to 86400; PowerSync refuses longer lifetimes.",
    code: "PSYNC_S2104",
    fix: "supabase secrets set POWERSYNC_TOKEN_TTL=300",
  },
  "setting-invalid": {
    cause: "A setting has a value that the functions cannot use: they answer with an error.",
    code: NO_TOKEN,
    fix: "Correct it as docs/settings.md says, or unset it.",
  },
  "issuer-supabase": {
    cause:
      "POWERSYNC_ISSUER contains supabase.co, which makes PowerSync log misleading hints about Supabase Auth.",
    fix: "supabase secrets unset POWERSYNC_ISSUER",
  },
} as const satisfies Record<string, Cause>;
