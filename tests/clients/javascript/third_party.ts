/** Users of another identity provider, with supabase-js' `accessToken` option. */
import { assertEquals } from "@std/assert";
import { serve } from "../../support/serving.ts";
import { makeKey, sign } from "../../support/signing.ts";
import { withApp } from "./app.ts";

Deno.test("a provider's user syncs and uploads with the provider's token, which a function returns", async () => {
  const key = await makeKey("ES256", "provider-key");
  await using provider = serve(() => Response.json({ keys: [key.publicJwk] }));
  const entry = {
    issuer: provider.url,
    jwks_uri: `${provider.url}/jwks`,
    audience: "app",
    subject_prefix: "",
  };
  const secrets = `POWERSYNC_IDENTITY_PROVIDERS='${JSON.stringify([entry])}'\n`;
  await withApp(async (app, { proxy, sync, rows }) => {
    const iat = Math.floor(Date.now() / 1000);
    const claims = { iss: provider.url, aud: "app", sub: "provider-user", role: "authenticated", iat };
    const token = await sign({ ...claims, exp: iat + 3600 }, { key });
    await app.run(`
      app.token = ${JSON.stringify(token)};
      const accessToken = () => Promise.resolve(app.token);
      app.supabase = app.createClient({ accessToken });
      app.provided = app.connectorOf(accessToken);
      await app.connect(app.provided);
    `);
    assertEquals((await sync.stream(0)).user, "provider-user");
    await app.run("await app.database.execute(\"INSERT INTO notes (id, body) VALUES ('1', 'mine')\")");
    await app.run("await app.uploaded()");
    assertEquals(rows.writes.map(({ user }) => user), ["provider-user"]);
    await app.run("app.token = null");
    assertEquals(await app.run("return await app.provided.fetchCredentials()"), null);
    assertEquals(proxy.requests("powersync-auth-anonymous").length, 0);
  }, { secrets });
});
