import type { Cause } from "./cause.ts";

const GATEWAY =
  "Set verify_jwt = false for the function in supabase/config.toml, then: supabase functions deploy --use-api --project-ref <project ref>";
const DEPLOY = "supabase functions deploy --use-api --project-ref <project ref>";

/** What can be wrong with a deployment, as seen from outside. */
export const DEPLOYMENT_CAUSES = {
  "jwks-unreachable": {
    cause: "Nothing answers at the address of the JWKS: a wrong ref, a paused project, or no network here.",
    code: "PSYNC_S2204",
    fix: "Check the project's ref and that it is not paused; then run the doctor again.",
  },
  "jwks-timeout": {
    cause: "The JWKS does not answer within 10 s.",
    code: "PSYNC_S2204",
    fix: `Read the log of powersync-jwks in the dashboard; then: ${DEPLOY}`,
  },
  "jwks-slow": {
    cause: "The JWKS takes longer than the 3 s that PowerSync waits.",
    code: "PSYNC_S2204",
    fix:
      "Run the doctor again: only a cold start may be slow. If it stays slow, deploy the function without other imports.",
  },
  "jwks-gateway-check": {
    cause: "The gateway still requires a JWT for powersync-jwks, and PowerSync sends none.",
    code: "PSYNC_S2204",
    fix: GATEWAY,
  },
  "jwks-not-deployed": {
    cause: "powersync-jwks is not deployed in this project.",
    code: "PSYNC_S2204",
    fix: DEPLOY,
  },
  "jwks-function-error": {
    cause: "powersync-jwks is deployed, but answers with an error: its secrets are missing or wrong.",
    code: "PSYNC_S2204",
    fix:
      "deno task doctor -- --env-file .env.production, then supabase secrets set --env-file .env.production",
  },
  "jwks-http-error": {
    cause: "The JWKS answers with an HTTP error.",
    code: "PSYNC_S2204",
    fix: "Read the log of powersync-jwks in the dashboard.",
  },
  "jwks-html": {
    cause: "The address answers with a web page: it is not the address of powersync-jwks.",
    code: "PSYNC_S2204",
    fix: "The URI is https://<project ref>.supabase.co/functions/v1/powersync-jwks",
  },
  "jwks-not-json": {
    cause: "The answer is not JSON.",
    code: "PSYNC_S2204",
    fix: "The URI is https://<project ref>.supabase.co/functions/v1/powersync-jwks",
  },
  "jwks-redirect": {
    cause: "The address redirects. PowerSync follows, but every fetch takes longer, and the target may move.",
    fix: "Enter the target itself as the JWKS URI.",
  },
  "jwks-http-public": {
    cause: "The JWKS is fetched with http from a public host: anyone on the way can replace the keys.",
    fix: "Use https.",
  },
  "jwks-host-ipv6": {
    cause: "The host of the JWKS has an IPv6 address only; the service looks for an IPv4 address.",
    code: "PSYNC_S2202",
    fix: "Serve the JWKS on a host with an IPv4 address; on Supabase every project has one.",
  },
  "jwks-host-private": {
    cause:
      "The JWKS is on this computer or in a private network, where the PowerSync instance cannot reach it.",
    code: "PSYNC_S2203",
    fix:
      "Name the deployment in PowerSync's JWKS URI; self-hosted, see `block_local_jwks`, or deno task config -- --static",
  },
  "jwks-not-a-set": {
    cause: 'The answer is JSON, but not {"keys":[…]}. After a 2xx, PowerSync drops its keys at once.',
    code: "PSYNC_S2204",
    fix: "Enter the address of powersync-jwks as the JWKS URI.",
  },
  "jwks-empty": {
    cause: "The JWKS has no key that PowerSync uses.",
    code: "PSYNC_S2101",
    fix: "deno task keys -- --env-file .env.production, then supabase secrets set --env-file .env.production",
  },
  "jwks-key-malformed": {
    cause: "PowerSync cannot import one key of the JWKS, and therefore refuses all of them.",
    code: "PSYNC_S2201",
    fix:
      "supabase secrets unset <the secret that holds it>; these functions never serve such a key: deploy them.",
  },
  "jwks-key-weak": {
    cause: "A key of the JWKS has fewer than 2048 bits.",
    code: "PSYNC_S2101",
    fix: "Replace it: deno task keys -- --rotate --env-file .env.production",
  },
  "jwks-key-algorithm": {
    cause: "A key of the JWKS has an algorithm that cannot verify a signature.",
    code: "PSYNC_S2101",
    fix: "Replace it: deno task keys -- --rotate --env-file .env.production",
  },
  "jwks-key-skipped": {
    cause: "PowerSync silently skips a key of the JWKS: it is not a public signing key.",
    fix: "Publish public signing keys only.",
  },
  "jwks-kid-missing": {
    cause: "A key of the JWKS has no `kid`: PowerSync tries it for every unknown one.",
    fix: "Give the key a `kid` and sign with it in the header.",
  },
  "jwks-kid-duplicate": {
    cause: "Two keys of the JWKS have the same `kid`, and PowerSync uses only the first.",
    code: "PSYNC_S2101",
    fix: "Give each key its own `kid`: deno task keys",
  },
  "jwks-private-member": {
    cause: "The JWKS publishes a private key; PowerSync does not notice.",
    fix: "Treat the key as leaked: deno task keys -- --rotate --leaked --env-file .env.production",
  },
  "jwks-dev-key": {
    cause:
      "The deployment publishes a key of local development, whose private half is on a developer's disk.",
    fix: "deno task keys -- --env-file .env.production, then supabase secrets set --env-file .env.production",
  },
  "jwks-without-signing-key": {
    cause:
      "The function signs with a key that is not in the JWKS: an isolate still has old secrets, or a rotation is half done.",
    code: "PSYNC_S2101",
    fix:
      "Wait ten minutes for old isolates. If it stays, deploy all three functions: supabase functions deploy --use-api",
  },
  "secrets-not-deployed": {
    cause: "The live JWKS lacks a key of the file: it was not uploaded, or isolates still have old secrets.",
    code: "PSYNC_S2101",
    fix: "supabase secrets set --env-file .env.production, then wait ten minutes.",
  },
  "function-unreachable": {
    cause: "Nothing answers at the function's address.",
    fix: "Check the project's ref, that it is not paused, and the network here.",
  },
  "function-not-deployed": {
    cause: "The function is not deployed in this project.",
    code: "PSYNC_S2106",
    fix: DEPLOY,
  },
  "function-gateway-check": {
    cause: "The gateway answers instead of the function: it still checks JWTs, and sends no CORS headers.",
    code: "PSYNC_S2106",
    fix: GATEWAY,
  },
  "function-boot-error": {
    cause: "The function does not start: an import of it fails.",
    code: "PSYNC_S2106",
    fix: `Read its log; check import_map.json and claims.ts; then: ${DEPLOY}`,
  },
  "function-caller-refused": {
    cause: "The function refuses the caller's API key or access token.",
    code: "PSYNC_S2106",
    fix: "Use the publishable key and a fresh access token of this project.",
  },
  "function-user-refused": {
    cause:
      "The function refuses the user's access token: it is not of this project, or has an issuer or audience that is not expected.",
    code: "PSYNC_S2106",
    fix:
      "Use a fresh access token of this project. If it is one, the function's log has the reason. Self-hosted: compare GOTRUE_JWT_ISSUER and GOTRUE_JWT_AUD with POWERSYNC_USER_ISSUER and POWERSYNC_USER_AUDIENCE.",
  },
  "function-claims-refused": {
    cause: "The project's claims.ts refuses this caller.",
    code: "PSYNC_S2106",
    fix: "Do what its message says, or change supabase/functions/_shared/powersync/claims.ts.",
  },
  "function-claims-failed": {
    cause: "The project's claims.ts throws an error or returns claims that cannot be signed.",
    code: "PSYNC_S2106",
    fix: "Correct supabase/functions/_shared/powersync/claims.ts; the function's log has the code.",
  },
  "function-secrets": {
    cause: "A secret of the deployment is missing or wrong.",
    code: "PSYNC_S2106",
    fix:
      "deno task doctor -- --env-file .env.production, then supabase secrets set --env-file .env.production",
  },
  "function-upstream": {
    cause: "Supabase Auth or an identity provider did not answer the function.",
    code: "PSYNC_S2106",
    fix: "Wait and run the doctor again; see the project's status page.",
  },
  "function-http-error": {
    cause: "The function answers with an HTTP error that is not its own.",
    code: "PSYNC_S2106",
    fix: "Read the function's log in the dashboard.",
  },
  "function-answer-malformed": {
    cause: "The answer is not the JSON with `token` and `powersync_url` that clients read.",
    code: "PSYNC_S2106",
    fix: DEPLOY,
  },
  "function-endpoint-slash": {
    cause: "The function's `endpoint` ends in a slash: PowerSync's JavaScript SDK throws.",
    fix: "supabase secrets set POWERSYNC_URL=<instance URL, no trailing slash>",
  },
  "function-endpoint-other": {
    cause: "The function sends clients to another PowerSync instance than the one you named.",
    code: "PSYNC_S2105",
    fix: "supabase secrets set POWERSYNC_URL=<instance URL, no trailing slash>",
  },
  "cors-preflight": {
    cause: "The preflight is refused: a browser shows only `Failed to fetch`.",
    code: "PSYNC_S2106",
    fix: GATEWAY,
  },
  "cors-headers": {
    cause:
      "A header that supabase-js sends or needs is missing in the CORS headers: a browser refuses the answer.",
    code: "PSYNC_S2106",
    fix: DEPLOY,
  },
  "sign-in-unreachable": {
    cause: "The project's Auth server does not answer, so signing in failed.",
    fix: "Check that the project is not paused and run the doctor again, or give --user-token.",
  },
  "sign-in-failed": {
    cause: "Anonymous sign-in failed: it is switched off, or the publishable key belongs to another project.",
    fix: "Allow anonymous sign-ins in the dashboard (Authentication), or give --user-token.",
  },
} as const satisfies Record<string, Cause>;
