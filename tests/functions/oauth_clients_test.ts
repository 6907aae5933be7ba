/** Third-party apps that act for a user through the project's OAuth 2.1 server. */
import { assertEquals } from "@std/assert";
import { decodeJwt } from "jose";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { bearer, startFunctions } from "../support/functions.ts";
import { PUBLISHABLE_KEY, signLegacyToken, USER_ID, userClaims, userToken } from "../support/project.ts";
import { assertTable } from "../support/table.ts";

const APP = "9a2f4c1e-0000-4000-8000-00000000000c";
const OTHER_APP = "9a2f4c1e-0000-4000-8000-00000000000d";
const REFUSED = "403 OAUTH_CLIENT_NOT_ALLOWED";

/** What Supabase's OAuth 2.1 server puts into a token beside what the user's own session has. */
const clientClaims = (client_id: unknown = APP) => ({
  client_id,
  scope: "email",
  amr: [{ method: "oauth_provider/authorization_code", timestamp: 1_800_000_000 }],
});
const clientToken = await userToken(clientClaims());

Deno.test("the token of an OAuth client is refused with a code of its own, whatever checks it", async () => {
  await using auth = new AuthStandIn([]);
  for (const environment of [{}, { POWERSYNC_SESSION_CHECK: "server" }]) {
    const { code, seen } = startFunctions({ url: auth.url, environment });
    await assertTable(code, { [REFUSED]: [clientToken, signLegacyToken(userClaims(clientClaims()))] });
    assertEquals(seen.user, undefined, "claims.ts is not asked, so an old one lets nothing pass");
  }
  assertEquals(auth.calls, { jwks: 0, user: 0 });
});

Deno.test("a client_id of any type is an OAuth client's", async () => {
  const { code } = startFunctions({ environment: { POWERSYNC_OAUTH_CLIENTS: APP } });
  const clients = ["", OTHER_APP, APP.toUpperCase(), `${APP} `, null, 7, true, [APP], { id: APP }];
  await assertTable(async (client: unknown) => code(await userToken(clientClaims(client))), {
    [REFUSED]: clients,
  });
});

Deno.test("POWERSYNC_OAUTH_CLIENTS allows some, and claims.ts sees which", async () => {
  const { askWith, seen } = startFunctions({
    environment: { POWERSYNC_OAUTH_CLIENTS: ` ${OTHER_APP}, ${APP}` },
    claims: (user) => ({ sub: user?.id, client: user?.clientId }),
  });
  const { token, user_id } = (await askWith(clientToken)).body;
  assertEquals([user_id, decodeJwt(token).client, seen.user?.clientId], [USER_ID, APP, APP]);
  const own = (await askWith(await userToken())).body;
  assertEquals(["client" in decodeJwt(own.token), seen.user?.clientId], [false, undefined]);
});

Deno.test("an OAuth client's token does not open the anonymous function either", async () => {
  const { anonymousCode } = startFunctions();
  assertEquals(await anonymousCode(bearer(clientToken)), REFUSED);
  // Whoever has the publishable key may be anybody.
  assertEquals(await anonymousCode({ ...bearer(clientToken), apikey: PUBLISHABLE_KEY }), "200");
});
