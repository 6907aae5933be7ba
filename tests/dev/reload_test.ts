import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { decodeJwt } from "jose";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { type DevServer, inProject, withDevServer } from "../support/dev_server.ts";

const CLAIMS = "supabase/functions/_shared/powersync/claims.ts";
const ENV_FILE = "supabase/functions/.env";
const LOADED = /^Changed: the functions were loaded again\.$/;
const NOT_LOADED = /^The functions cannot be loaded: /;
const ANONYMOUS = 'return { sub: "anonymous", role: "anon", is_anonymous: true };';

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
          'if (1) return { sub: "anonymous", names: Object.keys(Deno.env.toObject()).sort() };',
        );
        assertEquals((await anonymousClaims(server)).names, [
          "POWERSYNC_PRIVATE_KEY",
          "POWERSYNC_PUBLIC_KEY",
          "POWERSYNC_URL",
          "SUPABASE_JWKS",
          "SUPABASE_PUBLISHABLE_KEYS",
          "SUPABASE_URL",
        ]);
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
      "a syntax error is printed in one line, the functions keep running, and the correction takes effect",
      async () => {
        const line = await editClaims("const broken = ;", NOT_LOADED);
        assertMatch(line, /claims\.ts:\d+:\d+$/);
        assertEquals((await anonymousClaims(server)).plan, "changed");
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
        assertEquals((await anonymousClaims(server)).own, "1");
        await server.edit(ENV_FILE, () => secrets, LOADED);
        assertEquals((await anonymousClaims(server)).own, "unset");
      },
    );

    await t.step("a changed import map needs a restart, and the server says so", async () => {
      await server.edit("import_map.json", (text) => `${text}\n`, /^Changed: import_map\.json takes effect/);
      assertNotEquals((await anonymousClaims(server)).own, undefined);
    });
  }, { env: { POWERSYNC_TOKEN_TTL: "nonsense", POWERSYNC_URL: "nonsense", SHELL_SECRET: "1" } });
});

/** Hears the first message on a channel, from any worker. */
function listen(name: string): Disposable & { readonly heard: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const channel = new BroadcastChannel(name);
  channel.onmessage = () => resolve();
  return { heard: promise, [Symbol.dispose]: () => channel.close() };
}

Deno.test("functions that loop or wait for ever block neither their correction nor later changes", async () => {
  await inProject(async (folder) => {
    const { Functions }: typeof import("../../scripts/dev/functions.ts") = await import(
      `file://${folder}/scripts/dev/functions.ts`
    );
    const { privateJwk } = await makeKeyPair("ES256");
    const environment = {
      POWERSYNC_PRIVATE_KEY: encodeSecret(privateJwk),
      POWERSYNC_URL: "https://a.example",
      SUPABASE_PUBLISHABLE_KEY: "key",
    };
    const functions = new Functions(() => Promise.resolve(environment), { retirementMs: 50 });
    const call = async () => {
      const request = new Request("http://127.0.0.1/", { headers: { apikey: "key" } });
      return await (await functions.fetch("powersync-auth-anonymous", request)).json();
    };
    const original = await Deno.readTextFile(`${folder}/${CLAIMS}`);
    const edit = (text: string) => Deno.writeTextFile(`${folder}/${CLAIMS}`, text);
    await edit(original.replace(ANONYMOUS, `for (;;); ${ANONYMOUS}`));
    await functions.load();
    const stuck = call();
    await edit(original);
    await functions.load();
    assertEquals(decodeJwt((await call()).token).role, "anon");
    assertEquals((await stuck).code, "WORKER_ERROR");
    using channel = listen("waiting");
    await edit(
      `${original}\nnew BroadcastChannel("waiting").postMessage(0);\nawait new Promise(() => {});\n`,
    );
    const waiting = functions.load();
    await channel.heard;
    await edit(original.replace('role: "anon"', 'role: "later"'));
    await functions.load();
    assertEquals(await waiting, false);
    assertEquals(decodeJwt((await call()).token).role, "later");
    functions.stop();
  });
});
