/** Third-party apps that act for a user through the project's OAuth 2.1 server. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { decodeJwt } from "jose";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { startFunctions } from "../support/functions.ts";
import { silenceLog } from "../support/log.ts";
import { PUBLISHABLE_KEY, signLegacyToken, USER_ID, userClaims, userToken } from "../support/project.ts";

const APP = "9a2f4c1e-0000-4000-8000-00000000000c";
const OTHER_APP = "9a2f4c1e-0000-4000-8000-00000000000d";
const REFUSED = "403 OAUTH_CLIENT_NOT_ALLOWED";

/** What Supabase's OAuth 2.1 server puts into a token beside what the user's own session has. */
const clientClaims = (client_id: unknown = APP) => ({
  client_id,
  scope: "email",
  amr: [{ method: "oauth_provider/authorization_code", timestamp: 1_800_000_000 }],
});

Deno.test("the token of an OAuth client is refused with a code of its own, whatever checks it", async () => {
  await using auth = new AuthStandIn([]);
  for (const environment of [{}, { POWERSYNC_SESSION_CHECK: "server" }]) {
    const { code, seen } = startFunctions({ url: auth.url, environment });
    assertEquals(await code(await userToken(clientClaims())), REFUSED);
    assertEquals(await code(await signLegacyToken(userClaims(clientClaims()))), REFUSED);
    assertEquals(seen.user, undefined, "claims.ts is not asked, so an old one lets nothing pass");
  }
  assertEquals(auth.calls, { jwks: 0, user: 0 });
});

Deno.test("a client_id of any type is an OAuth client's", async () => {
  const { code } = startFunctions({ environment: { POWERSYNC_OAUTH_CLIENTS: APP } });
  for (const client of ["", OTHER_APP, APP.toUpperCase(), `${APP} `, null, 7, true, [APP], { id: APP }]) {
    assertEquals([client, await code(await userToken(clientClaims(client)))], [client, REFUSED]);
  }
});

Deno.test("POWERSYNC_OAUTH_CLIENTS allows some, and claims.ts sees which", async () => {
  const { ask, seen } = startFunctions({
    environment: { POWERSYNC_OAUTH_CLIENTS: ` ${OTHER_APP}, ${APP}` },
    claims: (user) => ({ sub: user?.id, client: user?.clientId }),
  });
  const call = async (token: string) =>
    (await ask("powersync-auth", { Authorization: `Bearer ${token}` })).body;
  const { token, user_id } = await call(await userToken(clientClaims()));
  assertEquals([user_id, decodeJwt(token).client, seen.user?.clientId], [USER_ID, APP, APP]);
  const own = await call(await userToken());
  assertEquals(["client" in decodeJwt(own.token), seen.user?.clientId], [false, undefined]);
});

Deno.test("an OAuth client's token does not open the anonymous function either", async () => {
  const { ask } = startFunctions();
  const name = "powersync-auth-anonymous";
  const headers = { Authorization: `Bearer ${await userToken(clientClaims())}` };
  const refused = await ask(name, headers);
  assertEquals(`${refused.status} ${refused.body.code}`, REFUSED);
  // Whoever has the publishable key may be anybody.
  assertEquals((await ask(name, { ...headers, apikey: PUBLISHABLE_KEY })).status, 200);
});

Deno.test("commas alone are not a list of clients", async () => {
  const { ask } = startFunctions({ environment: { POWERSYNC_OAUTH_CLIENTS: " , " } });
  using _log = silenceLog();
  const { status, body } = await ask("powersync-auth", { Authorization: `Bearer ${await userToken()}` });
  assertEquals([status, body.code], [500, "POWERSYNC_OAUTH_CLIENTS_INVALID"]);
  assertStringIncludes(body.hint, "POWERSYNC_OAUTH_CLIENTS");
});
