import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { listedKeys, pageState } from "../../scripts/dev/page-state.ts";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { loadKeyRing } from "../../supabase/functions/_shared/powersync/keys.ts";
import { type DevServer, withDevServer } from "../support/dev_server.ts";

function check(server: DevServer, body: string, type = "application/json"): Promise<Response> {
  return fetch(`${server.origin}/dev/check`, { method: "POST", headers: { "Content-Type": type }, body });
}

Deno.test("the page is served with its files, under a policy that allows nothing from other servers", async () => {
  await withDevServer(async (server) => {
    const page = await fetch(`${server.origin}/`);
    assertEquals(page.status, 200);
    const html = await page.text();
    const policy = page.headers.get("Content-Security-Policy") ?? "";
    assertStringIncludes(policy, "default-src 'none'");
    assertEquals(/unsafe|\*|data:/.test(policy), false);
    assertEquals(/<style|<script>|\son\w+=|\sstyle=/.test(html), false);
    for (const path of ["page.css", "page.js", "calls.js", "show.js"]) {
      const file = await fetch(`${server.origin}/dev/${path}`);
      assertEquals(file.status, 200);
      assertEquals(
        /innerHTML|insertAdjacentHTML|document\.write|https?:\/\//.test(await file.text()),
        false,
        path,
      );
    }
    for (const path of ["/dev/page.ts", "/dev/../page.ts", "/dev/", "/dev/index.html"]) {
      const missing = await fetch(`${server.origin}${path}`);
      await missing.body?.cancel();
      assertEquals(missing.status, 404, path);
    }

    const state = await (await fetch(`${server.origin}/dev/state.json`)).json();
    assertEquals(state.supabaseUrl, server.origin);
    assertEquals([state.keys.length, state.keys[0].role, state.problems], [1, "signs", []]);
    assertStringIncludes(state.clientAuth, `${server.origin}/functions/v1/powersync-jwks`);
    assertStringIncludes(state.clientAuth, "http://localhost:8080");
    assertEquals(/"(d|p|q|dp|dq|qi)"/.test(JSON.stringify(state)), false);

    const { data } = await server.client().functions.invoke("powersync-auth-anonymous");
    const accepted = await check(server, JSON.stringify({ token: data.token }));
    assertEquals(accepted.headers.get("Access-Control-Allow-Origin"), null);
    const text = await accepted.text();
    assertEquals(JSON.parse(text).verdict, { outcome: "accepted" });
    assert(!text.includes(data.token));

    const [head, body] = data.token.split(".");
    const forged = await (await check(server, JSON.stringify({ token: `${head}.${body}.AAAA` }))).json();
    assertEquals([forged.verdict.outcome, forged.verdict.code], ["refused", "PSYNC_S2101"]);

    for (const sent of ["", "[]", "{}", '{"token":1}', `{"token":"${"a".repeat(200_000)}"}`]) {
      const refused = await check(server, sent);
      assertEquals(refused.status, 400);
      assertMatch((await refused.json()).message, /Send JSON/);
    }
    const foreign = await check(server, JSON.stringify({ token: data.token }), "text/plain");
    await foreign.body?.cancel();
    assertEquals(foreign.status, 400);
    // Every rule says with which code PowerSync refuses, or that it does not notice.
    const { rules } = JSON.parse(text);
    const codes = Object.fromEntries(
      rules.map(({ rule, code }: { rule: string; code?: string }) => [rule, code]),
    );
    assertEquals(
      [codes["exp-not-passed"], codes.lifetime, codes["jwks-shape"], codes["jwks-no-private-member"]],
      ["PSYNC_S2103", "PSYNC_S2104", "PSYNC_S2204", undefined],
    );
    const method = await fetch(`${server.origin}/dev/check`);
    await method.body?.cancel();
    assertEquals([method.status, method.headers.get("Allow")], [405, "POST"]);
  });
});

Deno.test("a broken secret or .env is an error that the page shows", async () => {
  await withDevServer(async (server) => {
    const { data } = await server.client().functions.invoke("powersync-auth-anonymous");
    const env = "supabase/functions/.env";
    await server.edit(env, (text) => text.replace(/^(POWERSYNC_PRIVATE_KEY)=.*$/m, "$1=e30"), /PRIVATE_KEY/);
    const secret = await fetch(`${server.origin}/dev/state.json`);
    const { code, message, hint } = await secret.json();
    assertEquals(secret.status, 500);
    assert(/^[A-Z_]+$/.test(code) && message.includes("POWERSYNC_PRIVATE_KEY") && hint !== "");

    await server.edit(env, () => '"broken', /NAME=value/);
    const file = await check(server, JSON.stringify({ token: data.token }));
    assertEquals(file.status, 500);
    assertMatch((await file.json()).message, /^\S+\.env, line 1: neither/);
  });
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
      const state = await pageState({ origin, platform, envFile, jwks: () => Promise.reject() });
      const { problems }: { problems: { id: string }[] } = await state.json();
      return problems.map(({ id }) => id);
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
