import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { checkToken } from "../../scripts/powersync/check-token.ts";
import { checkJwks } from "../../scripts/powersync/jwks.ts";
import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import type { DeployedFunctions } from "./deployed_functions.ts";
import { assertAccepted } from "../powersync/token_check.ts";
import type { SupabaseProject } from "./supabase_project.ts";

/** What the functions were deployed with. */
export interface DeployedWith {
  readonly project: SupabaseProject;
  readonly powersyncUrl: string;
}

interface Deployment extends DeployedWith {
  readonly urls: { readonly jwks: string; readonly auth: string; readonly anonymous: string };
}

/** The three functions do what their documentation says, called as apps and PowerSync call them. */
export async function assertContract(
  functions: DeployedFunctions,
  deployedWith: DeployedWith,
): Promise<void> {
  const urls = {
    jwks: functions.url("powersync-jwks"),
    auth: functions.url("powersync-auth"),
    anonymous: functions.url("powersync-auth-anonymous"),
  };
  const deployment = { urls, ...deployedWith };
  await assertServesJwks(deployment);
  await assertServesUsers(deployment);
  await assertServesAnonymous(deployment);
  await assertRefusesStrangers(deployment);
}

/** `powersync-jwks` answers a set that PowerSync takes whole, without a private member. */
async function assertServesJwks({ urls }: Deployment): Promise<void> {
  const response = await fetch(urls.jwks);
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("cache-control"), "public, max-age=300");
  assertEquals(response.headers.get("access-control-allow-origin"), "*");
  const jwks: unknown = await response.json();
  assertAccepted(checkJwks(jwks));
  const keys = isJsonObject(jwks) && Array.isArray(jwks.keys) ? jwks.keys : [];
  assertEquals(keys.map((key: object) => Object.keys(key).sort()), [["alg", "e", "kid", "kty", "n", "use"]]);
}

/** Both ways of a user's token, checked in the isolate and by the Auth server, and both methods. */
async function assertServesUsers(deployment: Deployment): Promise<void> {
  const { urls, project } = deployment;
  for (const token of [project.accessToken, project.legacyAccessToken]) {
    for (const method of ["GET", "POST"]) {
      const headers = { authorization: `Bearer ${token}`, apikey: project.publishableKey };
      const response = await fetch(urls.auth, { method, headers });
      await assertCredentials(response, { deployment, subject: project.userId });
    }
  }
}

/** Whoever shows the publishable key, as supabase-js does without a session, is `anonymous`. */
async function assertServesAnonymous(deployment: Deployment): Promise<void> {
  const { urls, project } = deployment;
  for (const method of ["GET", "POST"]) {
    const headers = { authorization: `Bearer ${project.publishableKey}`, apikey: project.publishableKey };
    const response = await fetch(urls.anonymous, { method, headers });
    await assertCredentials(response, { deployment, subject: "anonymous" });
  }
}

/** Who shows nothing, or the wrong thing, is told so in a form that a browser can read. */
async function assertRefusesStrangers({ urls, project }: Deployment): Promise<void> {
  const bearer = { authorization: `Bearer ${project.publishableKey}` };
  await assertError(await fetch(urls.auth), 401, "USER_TOKEN_MISSING");
  await assertError(await fetch(urls.auth, { headers: bearer }), 401, "USER_TOKEN_IS_API_KEY");
  await assertError(await fetch(urls.anonymous), 401, "API_KEY_MISSING");
  await assertError(
    await fetch(urls.anonymous, { headers: { apikey: "sb_publishable_x" } }),
    401,
    "API_KEY_INVALID",
  );
  for (const url of Object.values(urls)) {
    await assertError(await fetch(url, { method: "DELETE" }), 405, "METHOD_NOT_ALLOWED");
    const preflight = await fetch(url, { method: "OPTIONS" });
    assertEquals([preflight.status, await preflight.text()], [204, ""]);
    assertStringIncludes(preflight.headers.get("access-control-allow-headers") ?? "", "authorization");
  }
}

async function assertCredentials(
  response: Response,
  { deployment, subject }: { deployment: Deployment; subject: string },
): Promise<void> {
  const { urls, powersyncUrl } = deployment;
  const answer = await response.json();
  assertEquals(response.status, 200, `answered ${answer.code}`);
  assertEquals(response.headers.get("cache-control"), "no-store");
  const { token, expires_at, ...rest } = answer;
  assertEquals(rest, { powersync_url: powersyncUrl, endpoint: powersyncUrl, user_id: subject });
  assertMatch(expires_at, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  const jwks: unknown = await (await fetch(urls.jwks)).json();
  const nowSeconds = Math.floor(Date.now() / 1000);
  assertAccepted(await checkToken(token, { jwks, audiences: [powersyncUrl], nowSeconds }));
}

async function assertError(response: Response, status: number, code: string): Promise<void> {
  const error = await response.json();
  assertEquals([response.status, error.code], [status, code]);
  assertEquals(Object.keys(error).sort(), ["code", "hint", "message"]);
  assertEquals(response.headers.get("access-control-allow-origin"), "*");
  assertEquals(response.headers.get("www-authenticate") !== null, status === 401);
  assertEquals(response.headers.get("allow") !== null, status === 405);
}
