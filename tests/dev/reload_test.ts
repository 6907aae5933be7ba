import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { decodeJwt } from "jose";
import { answer } from "../support/answer.ts";
import { type DevServer, withDevServer } from "../support/dev_server.ts";

const CLAIMS = "supabase/functions/_shared/powersync/claims.ts";
const ENV_FILE = "supabase/functions/.env";
const LOADED = /^Changed: the functions were loaded again\.$/;
const NOT_LOADED = /^The functions cannot be loaded: /;
const ANONYMOUS = 'return { sub: "anonymous", role: "anon", is_anonymous: true };';

/** What the function for anonymous callers answers now. */
async function anonymousAnswer(server: DevServer) {
  const headers = { apikey: "sb_publishable_development" };
  const response = await fetch(`${server.origin}/functions/v1/powersync-auth-anonymous`, { headers });
  return { ...await answer(response), headers: response.headers };
}

/** The claims of an anonymous token, as the functions make it now. */
async function anonymousClaims(server: DevServer): Promise<Record<string, unknown>> {
  const { data, error } = await server.client().functions.invoke("powersync-auth-anonymous");
  assertEquals(error, null);
  return decodeJwt(data.token);
}

Deno.test("changed functions and secrets take effect while the server runs", async (t) => {
  await withDevServer(async (server) => {
    const original = await Deno.readTextFile(`${server.folder}/${CLAIMS}`);
    assertStringIncludes(original, ANONYMOUS);
    /** Puts statements before what `anonymousClaims` does as shipped. */
    const editClaims = (body: string, said = LOADED) =>
      server.edit(CLAIMS, () => original.replace(ANONYMOUS, () => `${body} ${ANONYMOUS}`), said);

    await t.step(
      "the functions see the .env file and the platform's variables, but not the shell's",
      async () => {
        await editClaims(
          'if (1) return { sub: "anonymous", names: Object.keys(Deno.env.toObject()).sort(), ' +
            "node: Object.keys(process.env).sort(), home: process.env.HOME ?? null };",
        );
        const { names, node, home } = await anonymousClaims(server);
        assertEquals(names, [
          "POWERSYNC_PRIVATE_KEY",
          "POWERSYNC_PUBLIC_KEY",
          "POWERSYNC_URL",
          "SUPABASE_JWKS",
          "SUPABASE_PUBLISHABLE_KEYS",
          "SUPABASE_URL",
        ]);
        assertEquals([node, home], [names, null]);
      },
    );

    await t.step(
      "they may read their own files and use the network, as when deployed, and nothing else",
      async () => {
        const names = ["net", "env", "write", "run", "ffi", "sys"];
        await editClaims(
          `if (1) return { sub: "anonymous", may: ${JSON.stringify(names)}.filter((name) => ` +
            'Deno.permissions.querySync({ name } as Deno.PermissionDescriptor).state === "granted"), ' +
            'reads: ["supabase/functions", ".env.production", "deno.json"].filter((path) => ' +
            `Deno.permissions.querySync({ name: "read", path: "${server.folder}/" + path }).state === "granted") };`,
        );
        const { may, reads } = await anonymousClaims(server);
        assertEquals([may, reads], [["net"], ["supabase/functions"]]);
      },
    );

    await t.step("the development Auth keeps its users", async () => {
      const supabase = server.client();
      const { data: { user } } = await supabase.auth.signInAnonymously();
      await editClaims('if (1) return { sub: "anonymous", plan: "changed" };');
      assertEquals((await anonymousClaims(server)).plan, "changed");
      assertEquals((await supabase.functions.invoke("powersync-auth")).data.user_id, user?.id);
      assertEquals((await supabase.auth.getUser()).data.user?.id, user?.id);
    });

    await t.step(
      "a syntax error is printed in one line, it is the answer as long as it lasts, and the correction takes effect",
      async () => {
        const line = await editClaims("const broken = ;", NOT_LOADED);
        assertMatch(line, /claims\.ts:\d+:\d+$/);
        const { status, headers, body } = await anonymousAnswer(server);
        assertEquals([status, body.code, headers.get("Access-Control-Allow-Origin")], [
          503,
          "BOOT_ERROR",
          "*",
        ]);
        assertEquals(`The functions cannot be loaded: ${body.hint}`, line);
        await server.edit(CLAIMS, () => original.replace('role: "anon"', 'role: "corrected"'), LOADED);
        assertEquals((await anonymousClaims(server)).role, "corrected");
      },
    );

    await t.step("functions that fail on their own start again with the next request", async () => {
      await editClaims('setTimeout(() => { throw new Error("on its own"); });');
      const from = server.position;
      await server.client().functions.invoke("powersync-auth-anonymous");
      assertStringIncludes(await server.line(/^The functions ended: /, from), "on its own");
      const response = await fetch(`${server.origin}/functions/v1/powersync-jwks`);
      await response.body?.cancel();
      assertEquals(response.status, 200);
    });

    await t.step(
      "a changed .env takes effect, a removed secret is gone, and a broken line is reported in one line",
      async () => {
        await editClaims(
          'if (1) return { sub: "anonymous", own: Deno.env.get("MY_SECRET") ?? "unset" };',
        );
        assertEquals((await anonymousClaims(server)).own, "unset");
        const secrets = await Deno.readTextFile(`${server.folder}/${ENV_FILE}`);
        await server.edit(ENV_FILE, () => `${secrets}MY_SECRET=1\nPOWERSYNC_TOKEN_TTL=600\n`, LOADED);
        const { own, iat = 0, exp = 0 } = await anonymousClaims(server);
        assertEquals([own, Number(exp) - Number(iat)], ["1", 600]);
        const line = await server.edit(ENV_FILE, () => `${secrets}no assignment\n`, /neither NAME=value/);
        assertMatch(line, /\.env, line \d+: /);
        const { status, body } = await anonymousAnswer(server);
        assertEquals([status, body.code, body.hint], [503, "BOOT_ERROR", line]);
        await server.edit(ENV_FILE, () => secrets, LOADED);
        assertEquals((await anonymousClaims(server)).own, "unset");
      },
    );

    await t.step("a package that is added to a function's deno.json can be imported", async () => {
      const packages = "supabase/functions/powersync-auth/deno.json";
      await server.edit(
        packages,
        (text) => text.replace('"imports": {', '$& "mine": "npm:jose@6.2.17",'),
        LOADED,
      );
      await server.edit(CLAIMS, (text) => `import * as mine from "mine";\nmine.decodeJwt;\n${text}`, LOADED);
      assertNotEquals((await anonymousClaims(server)).own, undefined);
    });
  }, { env: { POWERSYNC_TOKEN_TTL: "nonsense", POWERSYNC_URL: "nonsense", SHELL_SECRET: "1" } });
});
