/** What an administrator changes reaches PowerSync's tokens, through the real functions. */
import { assertEquals, assertExists } from "@std/assert";
import { createClient } from "@supabase/supabase-js";
import { decodeJwt } from "jose";
import { outcome } from "../support/answer.ts";
import { exampleNamed, putInPlace } from "../support/claims_examples.ts";
import { type DevServer, withDevServer } from "../support/dev_server.ts";

/** The real supabase-js with the secret key that the server prints. */
function adminOf(server: DevServer) {
  const [, key = ""] = /^Secret key\s+(\S+) /m.exec(server.output) ?? [];
  return createClient(server.origin, key, { auth: { persistSession: false, autoRefreshToken: false } }).auth
    .admin;
}

Deno.test("the development Auth and the functions work together, with POWERSYNC_SESSION_CHECK=server", async (t) => {
  await withDevServer(async (server) => {
    const client = server.client();
    const { data: { user } } = await client.auth.signInAnonymously();
    assertExists(user);

    await t.step("a banned user is refused at once, and served again after the ban", async () => {
      const answered = async () => {
        const { data, response } = await client.functions.invoke("powersync-auth");
        return data === null && response !== undefined ? await outcome(response) : "200";
      };
      assertEquals(await answered(), "200");
      await adminOf(server).updateUserById(user.id, { ban_duration: "24h" });
      assertEquals(await answered(), "401 USER_TOKEN_INVALID");
      await adminOf(server).updateUserById(user.id, { ban_duration: "none" });
      assertEquals(await answered(), "200");
    });

    await t.step("the README's claims.ts syncs by the organization that an administrator set", async () => {
      await putInPlace(exampleNamed("README.md", "organization"), server.folder);
      await server.line(/^Changed/);
      const claims = async () => {
        const { data, response } = await client.functions.invoke("powersync-auth");
        if (data === null) return (await response?.json()).code;
        const { org_id, is_anonymous } = decodeJwt(data.token);
        return [org_id, is_anonymous];
      };
      assertEquals(await claims(), "CLAIMS_REFUSED");
      await adminOf(server).updateUserById(user.id, { app_metadata: { org_id: "acme" } });
      await client.auth.updateUser({ email: "ada@example.com", password: crypto.randomUUID() });
      // Both changes are in the next refreshed token only.
      assertEquals(await claims(), "CLAIMS_REFUSED");
      await client.auth.refreshSession();
      assertEquals(await claims(), ["acme", false]);
    });

    await t.step("a signed-out user is refused at once", async () => {
      const { data: { session } } = await client.auth.getSession();
      await client.auth.signOut();
      const headers = { Authorization: `Bearer ${session?.access_token}` };
      const { response } = await client.functions.invoke("powersync-auth", { headers });
      assertEquals([response?.status, (await response?.json()).code], [401, "USER_TOKEN_INVALID"]);
    });
  }, { file: "POWERSYNC_SESSION_CHECK=server\n" });
});
