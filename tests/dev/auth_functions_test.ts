/** What an administrator of the development Auth changes reaches the real functions. */
import { assertEquals } from "@std/assert";
import { createClient } from "@supabase/supabase-js";
import { outcome } from "../support/answer.ts";
import { withDevServer } from "../support/dev_server.ts";

Deno.test("with POWERSYNC_SESSION_CHECK=server, users who are banned or signed out are refused at once", async () => {
  await withDevServer(async (server) => {
    // As the server prints it.
    const [, secretKey = ""] = /^Secret key\s+(\S+) /m.exec(server.output) ?? [];
    const { admin } = createClient(server.origin, secretKey, { auth: { persistSession: false } }).auth;
    const { auth } = server.client();
    const { data: { user, session } } = await auth.signInAnonymously();
    const headers = { Authorization: `Bearer ${session?.access_token}` };
    const answered = async () =>
      await outcome(await fetch(`${server.origin}/functions/v1/powersync-auth`, { headers }));
    const ban = (ban_duration: string) => admin.updateUserById(user?.id ?? "", { ban_duration });
    assertEquals(await answered(), "200");
    await ban("24h");
    assertEquals(await answered(), "401 USER_TOKEN_INVALID");
    await ban("none");
    assertEquals(await answered(), "200");
    await auth.signOut();
    assertEquals(await answered(), "401 USER_TOKEN_INVALID");
  }, { file: "POWERSYNC_SESSION_CHECK=server\n" });
});
