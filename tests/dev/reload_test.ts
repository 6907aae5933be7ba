import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { decodeJwt } from "jose";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { Functions } from "../../scripts/dev/functions.ts";
import { answer } from "../support/answer.ts";
import { serve } from "../support/serving.ts";
import { type DevServer, inProject, withDevServer } from "../support/dev_server.ts";

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

/** Functions in this process, from a copy of the project, without a server around them. */
async function inFunctions(
  test: (running: {
    functions: Functions;
    edit: (change: (text: string) => string) => Promise<void>;
    call: () => Promise<Response>;
  }) => Promise<void>,
): Promise<void> {
  await inProject(async (root) => {
    const { privateJwk } = await makeKeyPair("ES256");
    const environment = {
      POWERSYNC_PRIVATE_KEY: encodeSecret(privateJwk),
      POWERSYNC_URL: "https://a.example",
      SUPABASE_PUBLISHABLE_KEY: "key",
    };
    const readEnvironment = () => Promise.resolve(environment);
    const functions = new Functions({ root, readEnvironment, retirementMs: 50, patienceMs: 50 });
    const original = await Deno.readTextFile(`${root}/${CLAIMS}`);
    const url = "http://127.0.0.1/functions/v1/powersync-auth-anonymous";
    try {
      await test({
        functions,
        edit: (change) => Deno.writeTextFile(`${root}/${CLAIMS}`, change(original)),
        call: () => functions.fetch(new Request(url, { headers: { apikey: "key" } })),
      });
    } finally {
      await functions.stop();
    }
  });
}

Deno.test("functions that loop or wait for ever block neither their correction nor later changes", async () => {
  await inFunctions(async ({ functions, edit, call }) => {
    const started = Promise.withResolvers<void>();
    await using here = serve(() => (started.resolve(), new Response()));
    const tell = `await fetch("${here.url}");`;
    await edit((text) =>
      text.replace("function anonymousClaims", "async $&").replace(ANONYMOUS, `${tell} for (;;); $&`)
    );
    assertEquals(await functions.load(), true);
    const stuck = call();
    await started.promise;
    await edit((text) => text);
    assertEquals(await functions.load(), true);
    assertEquals(decodeJwt((await (await call()).json()).token).role, "anon");
    assertEquals((await (await stuck).json()).code, "WORKER_ERROR");
    await edit((text) => `${text}\nawait new Promise(() => setInterval(() => {}, 1e9));\n`);
    const waiting = functions.load();
    const { code, hint } = await (await call()).json();
    assertEquals([code, hint, functions.status().state], [
      "BOOT_ERROR",
      "They are still being loaded.",
      "loading",
    ]);
    await edit((text) => text.replace('role: "anon"', 'role: "later"'));
    assertEquals(await functions.load(), true);
    assertEquals(await waiting, false);
    assertEquals(decodeJwt((await (await call()).json()).token).role, "later");
  });
});

Deno.test("the status names each version, its exception, and the file and line of what cannot be loaded", async () => {
  await inFunctions(async ({ functions, edit, call }) => {
    assertEquals(functions.status(), { generation: 0, state: "loading" });
    await edit((text) => `import "zod/mini";\n${text}`);
    assertEquals(await functions.load(), false);
    const { generation, state, problem } = functions.status();
    assertEquals([generation, state, problem?.file, problem?.line], [0, "failed", CLAIMS, 1]);
    assertMatch(
      problem?.text ?? "",
      /^Import "zod\/mini" not .*\n {2}hint: Write `npm:zod\/mini` in the import, or add /,
    );
    assertEquals(problem?.text.includes("deno add"), false);
    // What the hint says.
    await edit((text) => `import { decodeJwt } from "npm:jose@6.2.17";\ndecodeJwt;\n${text}`);
    assertEquals(await functions.load(), true);
    assertEquals(functions.status(), { generation: 1, state: "ready" });
    await edit((text) => text.replace(ANONYMOUS, `throw new Error("no such table"); $&`));
    await functions.load();
    assertEquals((await call()).status, 500);
    const { exception, ...rest } = functions.status();
    assertEquals([rest, exception?.name], [{ generation: 2, state: "ready" }, "powersync-auth-anonymous"]);
    assertMatch(
      exception?.text ?? "",
      /^Error: no such table\n {4}at anonymousClaims \(.*claims\.ts:\d+:\d+\)/,
    );
    await edit((text) => `throw new Error("at the top");\n${text}`);
    await functions.load();
    assertEquals(functions.status().problem?.line, 1);
    assertMatch(functions.status().problem?.text ?? "", /^Error: at the top\n/);
    await edit((text) => text);
    await functions.load();
    assertEquals(functions.status(), { generation: 3, state: "ready" });
  });
});
