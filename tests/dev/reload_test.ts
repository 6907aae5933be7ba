/** What `task dev` does with functions and secrets that are edited while it runs, and what it prints of them. */
import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { decodeJwt } from "jose";
import { answer } from "../support/answer.ts";
import { DevServer, inProject } from "../support/dev_server.ts";
import { userToken } from "../support/project.ts";
import { readTask } from "../support/run_script.ts";
import { serve } from "../support/serving.ts";

const CLAIMS = "supabase/functions/_shared/powersync/claims.ts";
const ENV_FILE = "supabase/functions/.env";
const LOADED = /^Changed: the functions were loaded again\.$/;
const NOT_LOADED = /^The functions cannot be loaded: /;
const ANONYMOUS = 'return { sub: "anonymous", role: "anon", is_anonymous: true };';

/** What the function for anonymous callers answers now. */
async function anonymousAnswer({ origin }: DevServer) {
  const headers = { apikey: "sb_publishable_development" };
  const response = await fetch(`${origin}/functions/v1/powersync-auth-anonymous`, { headers });
  const { status, body } = await answer(response);
  return { status, body, headers: response.headers, claims: status === 200 ? decodeJwt(body.token) : {} };
}

Deno.test("changed functions and secrets take effect while the server runs", async (t) => {
  await inProject(async (folder) => {
    const original = await Deno.readTextFile(`${folder}/${CLAIMS}`);
    assertStringIncludes(original, ANONYMOUS);
    await Deno.writeTextFile(`${folder}/${CLAIMS}`, `const broken = ;\n${original}`);
    const env = { POWERSYNC_TOKEN_TTL: "nonsense", POWERSYNC_URL: "nonsense", SHELL_SECRET: "1" };
    await using server = await DevServer.start(folder, { env });
    /** Puts statements before what `anonymousClaims` does as shipped. */
    const editClaims = (body: string, said = LOADED) =>
      server.edit(CLAIMS, () => original.replace(ANONYMOUS, () => `${body} ${ANONYMOUS}`), said);
    /** The claims of an anonymous token after `anonymousClaims` was changed to return others. */
    const claimsOf = async (members: string) => {
      await editClaims(`if (1) return { sub: "anonymous", ${members} };`);
      return (await anonymousAnswer(server)).claims;
    };

    await t.step("code that cannot be loaded at the start is waited for", async () => {
      await server.line(/^The functions cannot be loaded: SyntaxError: .*claims\.ts:1:16$/);
      const { status, body } = await anonymousAnswer(server);
      assertEquals([status, body.code], [503, "BOOT_ERROR"]);
      await server.edit(CLAIMS, () => original, LOADED);
      assertEquals((await anonymousAnswer(server)).status, 200);
    });

    await t.step(
      "the functions see the .env file and the platform's variables, not the shell's",
      async () => {
        const { names, node, home } = await claimsOf(
          "names: Object.keys(Deno.env.toObject()).sort(), node: Object.keys(process.env).sort(), " +
            "home: process.env.HOME ?? null",
        );
        const own = ["POWERSYNC_PRIVATE_KEY", "POWERSYNC_PUBLIC_KEY", "POWERSYNC_URL"];
        assertEquals(names, [...own, "SUPABASE_JWKS", "SUPABASE_PUBLISHABLE_KEYS", "SUPABASE_URL"]);
        assertEquals([node, home], [names, null]);
      },
    );

    await t.step(
      "they may read their own files and use the network, as when deployed, and nothing else",
      async () => {
        const names = JSON.stringify(["net", "env", "write", "run", "ffi", "sys"]);
        const paths = JSON.stringify(["supabase/functions", ".env.production", "deno.json"]);
        const { may, reads } = await claimsOf(
          `may: ${names}.filter((name) => Deno.permissions.querySync({ name } as never).state === "granted"), ` +
            `reads: ${paths}.filter((path) => Deno.permissions.querySync(` +
            `{ name: "read", path: "${folder}/" + path }).state === "granted")`,
        );
        assertEquals([may, reads], [["net"], ["supabase/functions"]]);
      },
    );

    await t.step("the development Auth keeps its users", async () => {
      const supabase = server.client();
      const { data: { user } } = await supabase.auth.signInAnonymously();
      assertEquals((await claimsOf('plan: "changed"')).plan, "changed");
      assertEquals((await supabase.functions.invoke("powersync-auth")).data.user_id, user?.id);
      assertEquals((await supabase.auth.getUser()).data.user?.id, user?.id);
    });

    await t.step("a syntax error is printed in one line, and is the answer as long as it lasts", async () => {
      const line = await editClaims("const broken = ;", NOT_LOADED);
      assertMatch(line, /claims\.ts:\d+:\d+$/);
      const { status, headers, body } = await anonymousAnswer(server);
      assertEquals([status, body.code, headers.get("Access-Control-Allow-Origin")], [503, "BOOT_ERROR", "*"]);
      assertEquals(`The functions cannot be loaded: ${body.hint}`, line);
      assertEquals((await claimsOf('role: "corrected"')).role, "corrected");
    });

    await t.step("functions that fail on their own start again with the next request", async () => {
      await editClaims('setTimeout(() => { throw new Error("on its own"); });');
      const from = server.position;
      await anonymousAnswer(server);
      assertStringIncludes(await server.line(/^The functions ended: /, from), "on its own");
      const get = async (path: string) => await answer(await fetch(`${server.origin}${path}`));
      assertEquals((await get("/functions/v1/powersync-jwks")).status, 200);
      assertStringIncludes((await get("/dev/state.json")).body.functions.exception.text, "on its own");
    });

    await t.step("an exception of claims.ts is printed with its message and its stack", async () => {
      await editClaims('throw new Error("no such table");');
      const from = server.position;
      assertEquals((await anonymousAnswer(server)).body.code, "CLAIMS_FAILED");
      await server.line(/^powersync-auth-anonymous CLAIMS_FAILED /, from);
      await server.line(/^Error: no such table$/, from);
      assertMatch(await server.line(/^ {4}at anonymousClaims/, from), /claims\.ts:\d+:\d+\)?$/);
    });

    await t.step("every refusal is printed with its reason, equal ones too, and no token", async () => {
      const token = await userToken({ iss: "https://other.example/auth/v2" });
      const headers = { Authorization: `Bearer ${token}` };
      for (let time = 0; time < 2; time++) {
        const from = server.position;
        await answer(await fetch(`${server.origin}/functions/v1/powersync-auth`, { headers }));
        await server.line(
          /^powersync-auth USER_TOKEN_INVALID reason=issuer iss="https:\/\/other\.example\/auth\/v2" /,
          from,
        );
      }
      assertEquals(server.output.includes(token), false);
    });

    await t.step(
      "what the functions print is not taken for an answer, nor an answer for what they print",
      async () => {
        const print = 'Deno.stdout.writeSync(new TextEncoder().encode("half a line"));';
        await editClaims(`${print} console.log({ whole: "line" }); ${print}`);
        assertEquals((await anonymousAnswer(server)).status, 200);
        await server.line(/^half a line\{ whole: "line" \}$/);
        await server.line(/^half a line$/);
      },
    );

    await t.step(
      "a changed .env takes effect, a removed secret is gone, a broken line is reported in one line",
      async () => {
        const secrets = await Deno.readTextFile(`${folder}/${ENV_FILE}`);
        assertEquals((await claimsOf('own: Deno.env.get("MY_SECRET") ?? "unset"')).own, "unset");
        await server.edit(ENV_FILE, () => `${secrets}MY_SECRET=1\nPOWERSYNC_TOKEN_TTL=600\n`, LOADED);
        const { own, iat = 0, exp = 0 } = (await anonymousAnswer(server)).claims;
        assertEquals([own, exp - iat], ["1", 600]);
        const line = await server.edit(ENV_FILE, () => `${secrets}no assignment\n`, /neither NAME=value/);
        assertMatch(line, /\.env, line \d+: /);
        const { status, body } = await anonymousAnswer(server);
        assertEquals([status, body.code, body.hint], [503, "BOOT_ERROR", line]);
        await server.edit(ENV_FILE, () => secrets, LOADED);
        assertEquals((await anonymousAnswer(server)).claims.own, "unset");
      },
    );

    await t.step("a package that is added to a function's deno.json can be imported", async () => {
      const packages = "supabase/functions/powersync-auth/deno.json";
      const added = '"imports": { "mine": "npm:jose@6.2.17",';
      await server.edit(packages, (text) => text.replace('"imports": {', added), LOADED);
      await server.edit(CLAIMS, (text) => `import * as mine from "mine";\nmine.decodeJwt;\n${text}`, LOADED);
      assertNotEquals((await anonymousAnswer(server)).claims.own, undefined);
    });

    await t.step("that packages are downloaded is said in one line", async () => {
      const headers = { "Content-Type": "text/typescript" };
      await using here = serve(() => new Response("export {};\n", { headers }));
      // Names that no cache knows.
      const imports = [1, 2].map(() => `import "${here.url}/${crypto.randomUUID()}.ts";\n`).join("");
      const from = server.position;
      await server.edit(CLAIMS, () => imports + original, LOADED);
      const said = server.output.split("\n").slice(from).filter((line) => /Download/.test(line));
      assertEquals(said, ["Downloading the packages of the functions …"]);
    });
  });
});

Deno.test("no process is left when the server is killed, even while a function loops", async () => {
  await inProject(async (folder) => {
    const disconnected = Promise.withResolvers<void>();
    // The functions' process keeps this answer open until it ends.
    const body = () => new ReadableStream({ cancel: () => disconnected.resolve() });
    await using here = serve(() => new Response(body()));
    // Not the task, which would be killed in place of the server.
    const { script, flags } = await readTask("dev");
    const server = await DevServer.start(folder, { command: ["run", ...flags, script] });
    const loop = `return fetch("${here.url}").then(() => { console.log("looping"); for (;;); });`;
    await server.editClaims("anonymousClaims", loop);
    const asked = anonymousAnswer(server).catch((error) => error.name);
    await server.line(/^looping$/);
    await server.end("SIGKILL");
    assertEquals(await asked, "TypeError");
    await disconnected.promise;
  });
});
