import { assertEquals, assertExists, assertMatch } from "@std/assert";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { checkToken } from "../scripts/powersync/check-token.ts";
import { checkJwks } from "../scripts/powersync/jwks.ts";
import { verdictOf } from "../scripts/powersync/result.ts";
import { withDevServer } from "./support/dev_server.ts";

const LOCAL_POWERSYNC_URL = "http://localhost:8080";

/** The JWKS, from the URI that the server prints for PowerSync. */
async function servedJwks(output: string): Promise<unknown> {
  const [, uri = ""] = /^JWKS URI\s+(\S+)/m.exec(output) ?? [];
  const response = await fetch(uri, { headers: { Accept: "application/json" } });
  assertEquals(response.status, 200);
  return await response.json();
}

async function assertAcceptedByPowerSync(token: string, jwks: unknown): Promise<void> {
  const results = await checkToken(token, {
    jwks,
    audiences: [LOCAL_POWERSYNC_URL],
    nowSeconds: Date.now() / 1000,
  });
  assertEquals(results.filter(({ outcome }) => outcome !== "passed"), []);
  assertEquals(verdictOf(results).outcome, "accepted");
}

Deno.test("deno task dev, the printed curl line, the real supabase-js and PowerSync's rules agree, from an empty home", async () => {
  await withDevServer(async (server) => {
    const supabase = server.client();
    const jwks = await servedJwks(server.output);
    assertEquals(verdictOf(checkJwks(jwks)).outcome, "accepted");

    for (const method of ["GET", "POST"] as const) {
      const { data, error } = await supabase.functions.invoke("powersync-auth-anonymous", { method });
      assertEquals(error, null);
      assertEquals([data.powersync_url, data.endpoint], [LOCAL_POWERSYNC_URL, LOCAL_POWERSYNC_URL]);
      assertEquals(data.user_id, "anonymous");
      await assertAcceptedByPowerSync(data.token, jwks);
      assertEquals(decodeJwt(data.token).role, "anon");
    }

    // Sent from here, because neither a shell nor curl need be installed; double quotes mean the same to every shell.
    const [, header = "", value = "", url = ""] =
      /^ {2}curl -s -H "([\w-]+): ([\w-]+)" (\S+)$/.exec(await server.line(/^ {2}curl /)) ?? [];
    const { token } = await (await fetch(url, { headers: { [header]: value } })).json();
    await assertAcceptedByPowerSync(token, jwks);

    const early = await supabase.functions.invoke("powersync-auth");
    assertEquals(early.response?.status, 401);
    assertEquals((await early.response?.json()).code, "USER_TOKEN_MISSING");

    const { data: { user } } = await supabase.auth.signUp({
      email: "ada@example.com",
      password: crypto.randomUUID(),
    });
    assertExists(user);
    for (const method of ["GET", "POST"] as const) {
      const { data, error } = await supabase.functions.invoke("powersync-auth", { method });
      assertEquals(error, null);
      assertEquals(data.user_id, user.id);
      await assertAcceptedByPowerSync(data.token, jwks);
      const { sub, role, is_anonymous } = decodeJwt(data.token);
      assertEquals({ sub, role, is_anonymous }, { sub: user.id, role: "authenticated", is_anonymous: false });
      assertMatch(`${decodeProtectedHeader(data.token).kid}`, /^dev-/);
    }

    await supabase.auth.signOut();
    const anonymous = await supabase.auth.signInAnonymously();
    const { data } = await supabase.functions.invoke("powersync-auth");
    assertEquals(data.user_id, anonymous.data.user?.id);
    assertEquals(decodeJwt(data.token).is_anonymous, true);

    assertEquals((await server.end()).code, 0);
    assertEquals(server.output.includes(data.token), false);
    assertEquals(server.output.includes(anonymous.data.session?.access_token ?? ""), false);
  });
});
