/** What the documentation promises of the three functions, called over HTTP as apps and PowerSync call them. */
import { assertEquals, assertMatch } from "@std/assert";
import { checkToken } from "../../scripts/powersync/check-token.ts";
import { checkJwks } from "../../scripts/powersync/jwks.ts";
import { assertAccepted } from "../powersync/token_check.ts";
import { answer } from "./answer.ts";
import { assertPreflights, assertRefusals } from "./contract.ts";
import type { DeployedFunctions } from "./deployed_functions.ts";
import type { FunctionName } from "./functions.ts";
import type { SupabaseProject } from "./supabase_project.ts";

/** What the functions were deployed with. */
export interface DeployedWith {
  readonly project: SupabaseProject;
  readonly powersyncUrl: string;
}

/** Checks deployed functions against their documentation. */
export async function assertContract(
  functions: DeployedFunctions,
  { project, powersyncUrl }: DeployedWith,
): Promise<void> {
  const call = (name: FunctionName, init: RequestInit = {}) => fetch(functions.url(name), init);

  const published = await call("powersync-jwks");
  assertEquals(published.headers.get("cache-control"), "public, max-age=60");
  assertEquals(published.headers.get("access-control-allow-origin"), "*");
  const { status, body: jwks } = await answer(published);
  assertEquals(status, 200);
  assertAccepted(checkJwks(jwks));
  const members = jwks.keys.map((key: object) => Object.keys(key).sort());
  assertEquals(members, [["alg", "e", "kid", "kty", "n", "use"]]);

  const { publishableKey: apikey } = project;
  // The token is checked in the isolate, by the Auth server, and not at all: as supabase-js sends it without a session.
  const callers: [FunctionName, bearer: string, subject: string][] = [
    ["powersync-auth", project.accessToken, project.userId],
    ["powersync-auth", project.legacyAccessToken, project.userId],
    ["powersync-auth-anonymous", apikey, "anonymous"],
  ];
  for (const [name, bearer, subject] of callers) {
    for (const method of ["GET", "POST"]) {
      const response = await call(name, { method, headers: { authorization: `Bearer ${bearer}`, apikey } });
      assertEquals(response.headers.get("cache-control"), "no-store");
      const { status, body: { token, expires_at, ...rest } } = await answer(response);
      const expected = { powersync_url: powersyncUrl, endpoint: powersyncUrl, user_id: subject };
      assertEquals({ status, ...rest }, { status: 200, ...expected });
      assertMatch(expires_at, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      const nowSeconds = Math.floor(Date.now() / 1000);
      assertAccepted(await checkToken(token, { jwks, audiences: [powersyncUrl], nowSeconds }));
    }
  }

  await assertRefusals(call);
  await assertPreflights(call);
}
