/** What an administrator changes reaches PowerSync's tokens, through the real functions. */
import { assertEquals, assertExists } from "@std/assert";
import { createClient } from "@supabase/supabase-js";
import { decodeJwt } from "jose";
import { type DevServer, withDevServer } from "../support/dev_server.ts";

/** The real supabase-js with the secret key that the server prints. */
function adminOf(server: DevServer) {
  const [, key = ""] = /^Secret key\s+(\S+) /m.exec(server.output) ?? [];
  return createClient(server.origin, key, { auth: { persistSession: false, autoRefreshToken: false } }).auth
    .admin;
}

Deno.test("the example of claims.ts syncs by the organisation that an administrator set", async () => {
  await withDevServer(async (server) => {
    await server.edit(
      "supabase/functions/_shared/powersync/claims.ts",
      (text) =>
        text.replace(
          /(export function signedInClaims\([^]*?\{\n)/,
          `$1  const appMetadata = user.claims.app_metadata as { org_id?: string } | undefined;
  if (1) return { sub: user.id, role: user.role, is_anonymous: user.isAnonymous, org_id: appMetadata?.org_id };\n`,
        ),
      /^Changed: the functions were loaded again/,
    );
    const client = server.client();
    const { data: { user } } = await client.auth.signInAnonymously();
    assertExists(user);
    const claims = async () => {
      const { org_id, is_anonymous } = decodeJwt(
        (await client.functions.invoke("powersync-auth")).data.token,
      );
      return [org_id, is_anonymous];
    };
    assertEquals(await claims(), [undefined, true]);
    await adminOf(server).updateUserById(user.id, { app_metadata: { org_id: "acme" } });
    await client.auth.updateUser({ email: "ada@example.com", password: crypto.randomUUID() });
    // Both changes are in the next refreshed token only.
    assertEquals(await claims(), [undefined, true]);
    await client.auth.refreshSession();
    assertEquals(await claims(), ["acme", false]);
  });
});

Deno.test("with POWERSYNC_SESSION_CHECK=server a banned user is refused at once, and served again after the ban", async () => {
  await withDevServer(async (server) => {
    const client = server.client();
    const { data: { user } } = await client.auth.signInAnonymously();
    assertExists(user);
    const status = async () => (await client.functions.invoke("powersync-auth")).response?.status;
    assertEquals(await status(), 200);
    await adminOf(server).updateUserById(user.id, { ban_duration: "24h" });
    assertEquals(await status(), 401);
    await adminOf(server).updateUserById(user.id, { ban_duration: "none" });
    assertEquals(await status(), 200);
  }, { file: "POWERSYNC_SESSION_CHECK=server\n" });
});
