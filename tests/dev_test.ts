/** `deno task dev` from its start to its end. What it serves is in tests/dev. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { readEnvFile } from "../scripts/setup/env-file.ts";
import { decodeJsonSecret, isJsonObject } from "../supabase/functions/_shared/powersync/secret.ts";
import { answer } from "./support/answer.ts";
import { assertRefused } from "./support/call_command.ts";
import { DevServer, inProject, withDevServer } from "./support/dev_server.ts";
import { runTask } from "./support/run_script.ts";

const ENV_FILE = "supabase/functions/.env";

/**
 * A copied project's command, in this process, refuses to start: in one sentence, which is returned. Its port is in use,
 * so that it ends even if it should start.
 */
async function refusal(folder: string, args: readonly string[] = []): Promise<string> {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { main }: typeof import("../scripts/dev.ts") = await import(`file://${folder}/scripts/dev.ts`);
  const { name, message } = await assertRejects(() => main(["--port", `${taken.addr.port}`, ...args]), Error);
  assertEquals([name, message.includes("\n")], ["CommandError", false], message);
  return message;
}

Deno.test("the first start makes what is missing, the second writes nothing", async (t) => {
  await inProject(async (folder) => {
    const file = `${folder}/${ENV_FILE}`;
    await using first = await DevServer.start(folder, {});
    const written = await Deno.readTextFile(file);
    const { origin, output } = first;

    await t.step(
      "a dev- key pair and a local URL, which only the owner can read, and no key is shown",
      async () => {
        assertStringIncludes(
          output,
          `Written to ${ENV_FILE}: POWERSYNC_PUBLIC_KEY, POWERSYNC_PRIVATE_KEY, POWERSYNC_URL`,
        );
        assertEquals(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o600);
        const variables = await readEnvFile(file) ?? {};
        assertEquals(variables.POWERSYNC_URL, "http://localhost:8080");
        for (const name of ["POWERSYNC_PRIVATE_KEY", "POWERSYNC_PUBLIC_KEY"]) {
          const decoded = decodeJsonSecret(variables[name] ?? "");
          assert(decoded.ok && isJsonObject(decoded.value));
          assertMatch(`${decoded.value.kid}`, /^dev-/);
          assertEquals("d" in decoded.value, name === "POWERSYNC_PRIVATE_KEY");
          assert(!output.includes(variables[name] ?? ""));
        }
      },
    );

    await t.step("it prints where everything is and where production secrets belong", () => {
      assertMatch(origin, /^http:\/\/127\.0\.0\.1:\d+$/);
      for (
        const text of [
          `${origin}/functions/v1/powersync-auth\n`,
          `${origin}/functions/v1/powersync-auth-anonymous\n`,
          `${origin}/functions/v1/powersync-jwks `,
          "sb_publishable_",
          "never deployed",
          ".env.production",
        ]
      ) assertStringIncludes(output, text);
      // Nothing here may upload the file of development.
      assertNotMatch(output, /secrets set/);
    });

    await t.step("it prints a line for each request, without what may be secret", async () => {
      const from = first.position;
      await (await fetch(`${origin}/functions/v1/powersync-jwks?token=hidden`)).body?.cancel();
      assertMatch(
        await first.line(/GET .*powersync-jwks/, from),
        /^200 GET \/functions\/v1\/powersync-jwks \d+ ms$/,
      );
      await (await fetch(`${origin}/functions/v1/powersync-auth`, {
        method: "POST",
        headers: { Authorization: "Bearer hidden" },
      })).body?.cancel();
      assertMatch(
        await first.line(/^\d+ POST/, from),
        /^401 POST \/functions\/v1\/powersync-auth \d+ ms$/,
      );
      await first.line(/^powersync-auth USER_TOKEN_INVALID reason=malformed /, from);
      assert(!first.output.includes("hidden"));
    });

    await t.step(
      "Ctrl+C and the system's signal end it without an error, and the next start writes nothing",
      async () => {
        assertEquals((await first.end("SIGINT")).code, 0);
        assertNotMatch(first.output, /error/i);
        await using second = await DevServer.start(folder, {});
        assertNotMatch(second.output, /^Written/m);
        assertEquals(await Deno.readTextFile(file), written);
        assertEquals((await second.end("SIGTERM")).code, 0);
      },
    );
  });
});

Deno.test("what it cannot use is refused in one sentence", async (t) => {
  await inProject(async (folder) => {
    await t.step("bad flags, a port in use and a foreign address", async () => {
      assertRefused(await runTask("dev", ["--prot", "1"], { cwd: folder }), /^Unknown option '--prot'/);
      const cases: [string[], RegExp][] = [
        [["--port", "70000"], /^--port must be a number from 0 to 65535/],
        [
          [],
          /^Port \d+ is in use: stop what uses it, or run `(deno|npx -y deno@2) task dev -- --port \d+`\.$/,
        ],
        [["--allow-origin", "https://*.example.com"], /^--allow-origin must be an origin/],
      ];
      for (const [args, sentence] of cases) assertMatch(await refusal(folder, args), sentence);
      // Nothing is written by a command that does not start.
      assertEquals(await readEnvFile(`${folder}/${ENV_FILE}`), undefined);
      // Tests may not connect there; the command may.
      for (const host of ["192.0.2.1", "my computer"]) {
        const foreign = () => DevServer.start(folder, { args: ["--port", "0", "--host", host] });
        await assertRejects(foreign, Error, `${host} is not an address of this computer`);
      }
    });

    await t.step("a broken .env, by its line and without its text", async () => {
      for (
        const [text, sentence] of [
          ["c2VjcmV0\n", /\.env, line 1: neither NAME=value nor a comment/],
          ['A="c2VjcmV0\n', /\.env, line 1: a quotation mark in A is never closed/],
          ["POWERSYNC_PRIVATE_KEY=c2VjcmV0\n", /\.env: .*POWERSYNC_PRIVATE_KEY/],
          ["POWERSYNC_TOKEN_TTL=c2VjcmV0\n", /\.env: POWERSYNC_TOKEN_TTL/],
          ["POWERSYNC_URL=c2VjcmV0\n", /\.env: POWERSYNC_URL/],
          ["SUPABASE_URL=c2VjcmV0\n", /SUPABASE_URL/],
        ] as const
      ) {
        await Deno.writeTextFile(`${folder}/${ENV_FILE}`, text);
        const message = await refusal(folder);
        assertMatch(message, sentence);
        assert(!message.includes("c2VjcmV0"));
      }
    });

    await t.step("a file that git would commit, which gets no key", async () => {
      await new Deno.Command("git", { args: ["init", "--quiet"], cwd: folder }).output();
      await Deno.remove(`${folder}/.gitignore`);
      await Deno.remove(`${folder}/${ENV_FILE}`);
      assertMatch(await refusal(folder), /^Git would commit .*\.env: add it to \.gitignore/);
      assertEquals(await readEnvFile(`${folder}/${ENV_FILE}`), undefined);
    });
  });
});

Deno.test("with SUPABASE_URL it uses that project and has no Auth server; of two keys the shell's wins", async () => {
  await withDevServer(async ({ origin, output }) => {
    assertMatch(output, /^Supabase URL\s+http:\/\/127\.0\.0\.1:9 .*your project/m);
    assertMatch(output, /^Publishable key\s+sb_publishable_shell$/m);
    const status = async (path: string, init: RequestInit) =>
      (await answer(await fetch(`${origin}${path}`, init))).status;
    assertEquals(await status("/auth/v1/signup", { method: "POST", body: "{}" }), 404);
    for (const [apikey, expected] of [["sb_publishable_shell", 200], ["sb_publishable_file", 401]] as const) {
      const answered = await status("/functions/v1/powersync-auth-anonymous", { headers: { apikey } });
      assertEquals([apikey, answered], [apikey, expected]);
    }
  }, {
    file: "SUPABASE_URL=http://127.0.0.1:9\nSUPABASE_PUBLISHABLE_KEY=sb_publishable_file\n",
    env: { SUPABASE_PUBLISHABLE_KEY: "sb_publishable_shell" },
  });
});

Deno.test("without --port the next free one is taken; with --host 0.0.0.0 the addresses for other devices are printed", async () => {
  await inProject(async (folder) => {
    await using _first = await DevServer.start(folder, { args: [] });
    await using second = await DevServer.start(folder, { args: ["--host", "0.0.0.0"] });
    const said = await second.line(/^Port 54321 is in use\. The next free one is \d+\.$/);
    const { origin, output } = second;
    assert(said.endsWith(` ${new URL(origin).port}.`), said);
    // Tests may not list them.
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "console.log(JSON.stringify(Deno.networkInterfaces()))"],
    }).output();
    for (const { family, address } of JSON.parse(new TextDecoder().decode(stdout))) {
      if (family !== "IPv4" || /^(127|169\.254)\./.test(address)) continue;
      assertStringIncludes(output, `\nOther devices     ${origin.replace("127.0.0.1", address)}\n`);
    }
  });
});
