import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { listedKeys, pageState } from "../../scripts/dev/page-state.ts";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { loadKeyRing } from "../../supabase/functions/_shared/powersync/keys.ts";
import { answer } from "../support/answer.ts";
import { type DevServer, withDevServer } from "../support/dev_server.ts";

const ENV_FILE = "supabase/functions/.env";

/** Requests to the functions and to itself, which a company's proxy must not intercept. */
const PROXY = { HTTP_PROXY: "http://127.0.0.1:9", http_proxy: "http://127.0.0.1:9" };

function check(server: DevServer, body: string, type = "application/json"): Promise<Response> {
  return fetch(`${server.origin}/dev/check`, { method: "POST", headers: { "Content-Type": type }, body });
}

Deno.test("the page, behind a company's proxy", async (t) => {
  await withDevServer(async (server) => {
    const get = async (path: string) => await answer(await fetch(`${server.origin}${path}`));
    const { data: { token } } = await server.client().functions.invoke("powersync-auth-anonymous");
    // Read below, so that there is time for an event that nothing has caused.
    const events = await fetch(`${server.origin}/dev/events`);

    await t.step(
      "it is served with its files, under a policy that allows nothing from other servers",
      async () => {
        const page = await fetch(`${server.origin}/`);
        const policy = page.headers.get("Content-Security-Policy") ?? "";
        const { status, body: html } = await answer(page);
        assertEquals(status, 200);
        assertStringIncludes(policy, "default-src 'none'");
        assertEquals(/unsafe|\*|data:/.test(policy), false);
        assertEquals(/<style|<script>|\son\w+=|\sstyle=/.test(html), false);
        const [, ...linked] = html.split(/(?:href|src)="(?=\/dev\/)/);
        assertEquals(linked.length > 3, true);
        for (const path of linked.map((rest: string) => rest.slice(0, rest.indexOf('"')))) {
          assertEquals([path, (await get(path)).status], [path, 200]);
        }
        for await (const { name } of Deno.readDir(`${server.folder}/scripts/dev/page`)) {
          if (!name.endsWith(".js")) continue;
          const { status, body } = await get(`/dev/${name}`);
          const isUnsafe = /innerHTML|insertAdjacentHTML|document\.write|https?:\/\//.test(body);
          assertEquals([name, status, isUnsafe], [name, 200, false]);
        }
        for (const path of ["/dev/page.ts", "/dev/../page.ts", "/dev/", "/dev/index.html", "/dev/no.js"]) {
          assertEquals([path, (await get(path)).status], [path, 404]);
        }
      },
    );

    await t.step("it shows the project's keys and settings, and nothing private", async () => {
      const { body: state } = await get("/dev/state.json");
      assertEquals(state.supabaseUrl, server.origin);
      assertEquals([state.keys.length, state.keys[0].role, state.problems], [1, "signs", []]);
      assertEquals([state.functions.state, state.problem], ["ready", undefined]);
      assertEquals(state.secretKey, "sb_secret_development");
      assertStringIncludes(state.clientAuth, `${server.origin}/functions/v1/powersync-jwks`);
      assertStringIncludes(state.clientAuth, "http://localhost:8080");
      assertEquals(/"(d|p|q|dp|dq|qi)"/.test(JSON.stringify(state)), false);
    });

    await t.step("it checks a token as PowerSync does, without repeating it", async () => {
      const accepted = await check(server, JSON.stringify({ token }));
      assertEquals(accepted.headers.get("Access-Control-Allow-Origin"), null);
      const { body: { verdict, rules, ...rest } } = await answer(accepted);
      assertEquals(verdict, { outcome: "accepted" });
      assert(!JSON.stringify({ rules, ...rest }).includes(token));
      // Every rule says with which code PowerSync refuses, or that it does not notice.
      const codes = Object.fromEntries(
        rules.map(({ rule, code }: { rule: string; code?: string }) => [rule, code]),
      );
      assertEquals(
        [codes["exp-not-passed"], codes.lifetime, codes["jwks-shape"], codes["jwks-no-private-member"]],
        ["PSYNC_S2103", "PSYNC_S2104", "PSYNC_S2204", undefined],
      );
      const [head, body] = token.split(".");
      const forged = await answer(await check(server, JSON.stringify({ token: `${head}.${body}.AAAA` })));
      assertEquals([forged.body.verdict.outcome, forged.body.verdict.code], ["refused", "PSYNC_S2101"]);
    });

    await t.step("it checks nothing else, and nothing that another page sends", async () => {
      for (const sent of ["", "[]", "{}", '{"token":1}']) {
        const { status, body } = await answer(await check(server, sent));
        assertEquals(status, 400);
        assertMatch(body.message, /Send JSON/);
      }
      const foreign = await answer(await check(server, JSON.stringify({ token }), "text/plain"));
      assertEquals(foreign.status, 400);
      const method = await fetch(`${server.origin}/dev/check`);
      await method.body?.cancel();
      assertEquals([method.status, method.headers.get("Allow")], [405, "POST"]);
    });

    await t.step("it sends its state at once and after each change, for as long as it is open", async () => {
      assertEquals(events.headers.get("Content-Type"), "text/event-stream");
      assertEquals(events.headers.get("Access-Control-Allow-Origin"), null);
      assert(events.body !== null);
      const reader = events.body.pipeThrough(new TextDecoderStream()).getReader();
      const next = async () => {
        let text = "";
        while (!text.endsWith("\n\n")) text += (await reader.read()).value ?? "\n\n";
        return JSON.parse(text.replace(/^data: /, ""));
      };
      let state = await next();
      const { generation } = state.functions;
      await server.editClaims("anonymousClaims", "if (1) { /* changed */ }");
      while (state.functions.generation === generation) {
        const before = state;
        state = await next();
        assertNotEquals(state, before);
      }
      assertEquals(state.functions.generation, generation + 1);
      await reader.cancel();
    });

    await t.step("a broken secret or .env is said with what fixes it here", async () => {
      const breakKey = (text: string) => text.replace(/^(POWERSYNC_PRIVATE_KEY)=.*$/m, "$1=e30");
      await server.edit(ENV_FILE, breakKey, /PRIVATE_KEY/);
      const { status, body: { problem: { code, message, hint }, keys } } = await get("/dev/state.json");
      assertEquals([status, keys], [200, undefined]);
      assert(/^[A-Z_]+$/.test(code) && message.includes("POWERSYNC_PRIVATE_KEY"));
      assertMatch(
        hint,
        /^Correct that line in `supabase\/functions\/\.env`\. .*`(deno|npx -y deno@2) task dev -- --port \d+` again/,
      );
      await server.edit(ENV_FILE, () => '"broken', /NAME=value/);
      const broken = await get("/dev/state.json");
      assertEquals(broken.status, 200);
      assertMatch(broken.body.problem.message, /^\S+\.env, line 1: neither/);
      const file = await answer(await check(server, JSON.stringify({ token })));
      assertEquals(file.status, 500);
      assertMatch(file.body.message, /^\S+\.env, line 1: neither/);
    });

    await t.step("Deno has warned of nothing in the output", () => {
      assertEquals(server.output.match(/^Deno\.serve: .*/m), null);
    });
  }, { env: PROXY });
});

Deno.test("the page lists which key signs, which starts later, and which only verifies", async () => {
  const now = 1_800_000_000;
  const [old, current, next] = await Promise.all([1, 2, 3].map(() => makeKeyPair("ES256")));
  assert(old !== undefined && current !== undefined && next !== undefined);
  const ring = await loadKeyRing({
    signing: [
      { name: "POWERSYNC_PRIVATE_KEY", value: encodeSecret(current.privateJwk) },
      { name: "POWERSYNC_PRIVATE_KEY_B", value: encodeSecret({ ...next.privateJwk, nbf: now + 60 }) },
    ],
    extra: [{ name: "POWERSYNC_PUBLIC_KEY_OLD", value: encodeSecret(old.publicJwk) }],
  });
  assertEquals(listedKeys(ring, now).map(({ role, startsAt }) => [role, startsAt]), [
    ["signs", undefined],
    ["starts", now + 60],
    ["verifies", undefined],
  ]);
  assertEquals(listedKeys(ring, now + 60).map(({ role }) => role), ["verifies", "signs", "verifies"]);
});

Deno.test("the page names what is wrong with the file, also beside the project's own URL", async () => {
  const envFile = await Deno.makeTempFile();
  try {
    const { privateJwk } = await makeKeyPair("ES256");
    const provider = { issuer: "https://ref.supabase.co/auth/v1", audience: "app" };
    await Deno.writeTextFile(
      envFile,
      `POWERSYNC_PRIVATE_KEY=${
        encodeSecret(privateJwk)
      }\nPOWERSYNC_TTL=600\nPOWERSYNC_URL=http://localhost:8080\n` +
        `POWERSYNC_IDENTITY_PROVIDERS=${encodeSecret([provider])}\n`,
    );
    const problemsOf = async (supabaseUrl: string) => {
      const platform = { variables: {}, supabaseUrl, publishableKey: undefined, isDevelopmentAuth: false };
      const origin = "http://127.0.0.1:54321";
      const state = await pageState({
        origin,
        command: "deno task dev",
        platform,
        envFile,
        functions: { fetch: () => Promise.reject(), status: () => ({ generation: 1, state: "ready" }) },
      });
      assert("problems" in state && !("secretKey" in state));
      return state.problems.map(({ id }) => id);
    };
    assertEquals(await problemsOf("https://other.supabase.co"), ["name-misspelt"]);
    assertEquals(await problemsOf("https://ref.supabase.co"), [
      "name-misspelt",
      "POWERSYNC_IDENTITY_PROVIDERS_INVALID",
    ]);
  } finally {
    await Deno.remove(envFile);
  }
});
