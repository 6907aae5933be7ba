import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { safeJson, shown, shownList, visible } from "../../scripts/cli/shown.ts";
import { main as config } from "../../scripts/config.ts";
import { main as doctor } from "../../scripts/doctor.ts";
import { main as keys } from "../../scripts/generate-keys.ts";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { main as makeToken } from "../../scripts/token.ts";
import { callCommand } from "../support/call_command.ts";
import { inFolder, type Ran } from "../support/run_script.ts";
import { serving } from "../support/serving.ts";

/** Sets a terminal's title, reads from right to left, goes back a line, hides, and is cut in half. */
const HOSTILE = "\x1b]0;a\x07\u202e\u2066\x9b1A\u200b\ufeff\u2028\u061c\x7f\ud800";
// deno-lint-ignore no-control-regex
const EVIL = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u202e\u2066\u2028\ufeff]/;

Deno.test("nothing that a terminal acts on or hides is shown, and everything else is", () => {
  assertEquals(visible("a\r\nb\tc"), "a��b�c");
  assertEquals(visible("naïve ключ 鍵 🔑 “x” …"), "naïve ключ 鍵 🔑 “x” …");
  assertEquals(EVIL.test(visible(HOSTILE)), false);
  assertEquals(visible("\u{e0041}\ud800x"), "��x");
});

Deno.test("a long text is shown in part, and of many texts ten", () => {
  assertEquals(shown("a".repeat(80)), "a".repeat(80));
  assertEquals(shown("a".repeat(81)), `${"a".repeat(40)}…`);
  assertEquals(shown("🔑".repeat(50), 9), "🔑🔑…");
  assertEquals(shownList(["a", "b\x07"], "none"), "a, b�");
  assertEquals(shownList([], "none"), "none");
  assertEquals(shownList(Array(12).fill("k"), "none"), `${"k, ".repeat(10)}and 2 more`);
});

Deno.test("JSON keeps every value exactly, and shows none of those characters", () => {
  const text = safeJson({ [HOSTILE]: [HOSTILE, "鍵 🔑 \u{e0041}"] }, 2);
  assertEquals(EVIL.test(text), false);
  assertEquals(JSON.parse(text), { [HOSTILE]: [HOSTILE, "鍵 🔑 \u{e0041}"] });
  assertStringIncludes(text, "鍵 🔑");
});

/** What a command prints about a project whose answers are hostile. */
async function printedAbout(run: (url: string) => Promise<Ran>): Promise<string> {
  const { publicJwk } = await makeKeyPair("ES256", { kid: HOSTILE });
  const skipped = { kty: HOSTILE, kid: `${HOSTILE}2` };
  const answers: Record<string, () => Response> = {
    "powersync-jwks": () => Response.json({ keys: [publicJwk, skipped, { ...publicJwk, alg: HOSTILE }] }),
    "powersync-auth": () =>
      Response.json({ code: HOSTILE, hint: HOSTILE, message: HOSTILE }, { status: 500 }),
    "powersync-auth-anonymous": () =>
      Response.json({ code: "CLAIMS_REFUSED", hint: HOSTILE, message: HOSTILE }, { status: 403 }),
    "sync": () => Response.json({ error: { code: HOSTILE, description: HOSTILE } }, { status: 401 }),
  };
  let printed = "";
  await serving(({ url }) => {
    const name = new URL(url).pathname.split("/").find((part) => Object.hasOwn(answers, part)) ?? "";
    return answers[name]?.() ?? new Response(HOSTILE.slice(0, -1), { status: 404 });
  }, async (url) => {
    const { stdout, stderr } = await run(url);
    printed = stdout + stderr;
  });
  assertEquals(EVIL.test(printed), false, JSON.stringify(printed));
  return printed;
}

function encoded(part: unknown): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(part)))).replaceAll("=", "");
}

Deno.test("no command shows a hostile key ID, issuer, code or message as it is", async () => {
  await inFolder(async (folder) => {
    const jwks = (url: string) => ["--jwks-url", `${url}/functions/v1/powersync-jwks`];
    const published = await printedAbout((url) => callCommand(keys, ["--alg", "ES256", ...jwks(url)]));
    assertMatch(published, /Published now at .*�/);
    const json = await printedAbout((url) => callCommand(keys, ["--alg", "ES256", "--json", ...jwks(url)]));
    assertEquals(JSON.parse(json).published[0], HOSTILE);

    const args = ["--static", "--audience", "a"];
    assertMatch(
      await printedAbout((url) => callCommand(config, [...args, ...jwks(url)])),
      /kid|cannot be used/,
    );

    await Deno.writeTextFile(`${folder}/.env`, "");
    const token = `${encoded({ alg: HOSTILE, kid: HOSTILE })}.${
      encoded({ iss: HOSTILE, aud: HOSTILE, sub: 7 })
    }.x`;
    for (const more of [[], ["--json"]]) {
      const report = await printedAbout((url) =>
        callCommand(doctor, [
          ...["--env-file", `${folder}/.env`, "--project", url, "--powersync", url, "--token", token],
          ...["--publishable-key", "sb_publishable_x", "--user-token", "x", ...more],
        ])
      );
      assert(report.includes("�") && report.includes("CLAIMS_REFUSED"), report);
    }

    await Deno.writeTextFile(`${folder}/.env`, `POWERSYNC_URL=https://<\x1b]0;a\x07\u202e>\n`);
    const { stderr } = await callCommand(config, ["--env-file", `${folder}/.env`]);
    assertMatch(stderr, /placeholder/);
    assertEquals(EVIL.test(stderr), false, JSON.stringify(stderr));
  });
});

Deno.test("a token's own explanation shows its key ID and claims safely", async () => {
  await inFolder(async (folder) => {
    const { privateJwk } = await makeKeyPair("ES256", { kid: HOSTILE });
    await Deno.writeTextFile(`${folder}/.env`, `POWERSYNC_PRIVATE_KEY=${encodeSecret(privateJwk)}\n`);
    const args = ["--env-file", `${folder}/.env`, "--user", "a\u202eb", "--claim", "x=\u200b"];
    const { code, stderr } = await callCommand(makeToken, args);
    assertEquals([code, EVIL.test(stderr)], [0, false], JSON.stringify(stderr));
    assertStringIncludes(stderr, '"sub":"a\\u202eb"');
  });
});
