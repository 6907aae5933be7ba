import { assert, assertEquals, assertMatch, assertNotMatch, assertStringIncludes } from "@std/assert";
import { readEnvFile } from "../scripts/setup/env-file.ts";
import { isJsonObject } from "../supabase/functions/_shared/powersync/secret.ts";
import { decodeJsonSecret } from "../supabase/functions/_shared/powersync/secret.ts";
import { DevServer, inProject, runDev, withDevServer } from "./support/dev_server.ts";

const ENV_FILE = "supabase/functions/.env";

/** The command refuses to start: one sentence, no stack, exit 1. */
async function assertRefuses(
  folder: string,
  args: readonly string[],
  sentence: RegExp,
): Promise<string> {
  const { code, stdout, stderr } = await runDev(folder, { args });
  assertEquals(code, 1);
  assertEquals(stdout, "");
  const said = stderr.split("\n").filter((line) => line !== "" && !/^(Task|Info) /.test(line));
  assertEquals(said.length, 1, stderr);
  assertMatch(said[0] ?? "", sentence);
  return stderr;
}

Deno.test("the first start writes a dev- key pair and a local URL that only the owner can read; the second writes nothing", async () => {
  await inProject(async (folder) => {
    await using first = await DevServer.start(folder, {});
    assertStringIncludes(
      first.output,
      `Written to ${ENV_FILE}: POWERSYNC_PUBLIC_KEY, POWERSYNC_PRIVATE_KEY, POWERSYNC_URL`,
    );
    const file = `${folder}/${ENV_FILE}`;
    assertEquals(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o600);
    const variables = await readEnvFile(file) ?? {};
    assertEquals(variables.POWERSYNC_URL, "http://localhost:8080");
    for (const name of ["POWERSYNC_PRIVATE_KEY", "POWERSYNC_PUBLIC_KEY"]) {
      const decoded = decodeJsonSecret(variables[name] ?? "");
      assert(decoded.ok && isJsonObject(decoded.value));
      assertMatch(`${decoded.value.kid}`, /^dev-/);
      assertEquals("d" in decoded.value, name === "POWERSYNC_PRIVATE_KEY");
      assert(!first.output.includes(variables[name] ?? ""));
    }
    const written = await Deno.readTextFile(file);
    assertEquals((await first.end("SIGINT")).code, 0);
    await using second = await DevServer.start(folder, {});
    assertNotMatch(second.output, /^Written/m);
    assertEquals(await Deno.readTextFile(file), written);
  });
});

Deno.test("it prints where everything is and where production secrets belong, then a line for each request", async () => {
  await withDevServer(async (server) => {
    const { origin, output } = server;
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

    const from = server.position;
    await (await fetch(`${origin}/functions/v1/powersync-jwks?token=hidden`)).body?.cancel();
    assertMatch(
      await server.line(/GET .*powersync-jwks/, from),
      /^200 GET \/functions\/v1\/powersync-jwks \d+ ms$/,
    );
    await (await fetch(`${origin}/functions/v1/powersync-auth`, {
      method: "POST",
      headers: { Authorization: "Bearer hidden" },
    })).body?.cancel();
    assertMatch(
      await server.line(/^\d+ POST/, from),
      /^401 POST \/functions\/v1\/powersync-auth \d+ ms$/,
    );
    await server.line(/^powersync-auth USER_TOKEN_INVALID reason=malformed /, from);
    assert(!server.output.includes("hidden"));

    assertEquals((await server.end("SIGTERM")).code, 0);
    assertNotMatch(server.output, /error/i);
  });
});

Deno.test("it refuses bad flags, a port in use and a foreign address in one sentence", async () => {
  await inProject(async (folder) => {
    await assertRefuses(folder, ["--prot", "1"], /^Unknown option '--prot'/);
    await assertRefuses(folder, ["--port", "70000"], /^--port must be a number from 0 to 65535/);
    await assertRefuses(
      folder,
      ["--port", "0", "--host", "192.0.2.1"],
      /^192\.0\.2\.1 is not an address of this computer/,
    );
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr;
    await assertRefuses(folder, ["--port", `${port}`], new RegExp(`^Port ${port} is in use: .*--port`));
  });
});

Deno.test("it refuses a broken .env in one sentence that names the line but not its text", async () => {
  await inProject(async (folder) => {
    for (
      const [text, sentence] of [
        ["c2VjcmV0\n", /\.env has a line that is neither NAME=value nor a comment/],
        ['A="c2VjcmV0\n', /\.env has a quotation mark at A that is never closed/],
        ["POWERSYNC_PRIVATE_KEY=c2VjcmV0\n", /\.env: .*POWERSYNC_PRIVATE_KEY/],
        ["POWERSYNC_TOKEN_TTL=c2VjcmV0\n", /\.env: POWERSYNC_TOKEN_TTL/],
        ["POWERSYNC_URL=c2VjcmV0\n", /\.env: POWERSYNC_URL/],
        ["SUPABASE_URL=c2VjcmV0\n", /SUPABASE_URL/],
      ] as const
    ) {
      await Deno.writeTextFile(`${folder}/${ENV_FILE}`, text);
      const stderr = await assertRefuses(folder, ["--port", "0"], sentence);
      assert(!stderr.includes("c2VjcmV0"));
    }
  });
});

Deno.test("a file that git would commit gets no key", async () => {
  await inProject(async (folder) => {
    await new Deno.Command("git", { args: ["init", "--quiet"], cwd: folder }).output();
    await Deno.remove(`${folder}/.gitignore`);
    await assertRefuses(folder, ["--port", "0"], /^Git would commit .*\.env: add it to \.gitignore/);
    assertEquals(await readEnvFile(`${folder}/${ENV_FILE}`), undefined);
  });
});

Deno.test("with SUPABASE_URL it uses that project, has no Auth server, and says which key to add", async () => {
  await withDevServer(async (server) => {
    assertMatch(server.output, /^Supabase URL\s+http:\/\/127\.0\.0\.1:9 .*your project/m);
    assertMatch(
      server.output,
      /^Publishable key\s+none: add SUPABASE_PUBLISHABLE_KEY=sb_publishable_… .*\.env$/m,
    );
    assertNotMatch(server.output, /curl/);
    const auth = await fetch(`${server.origin}/auth/v1/signup`, { method: "POST", body: "{}" });
    assertEquals(auth.status, 404);
    await auth.body?.cancel();
  }, { env: { SUPABASE_URL: "http://127.0.0.1:9" } });
});

Deno.test("a project's keys may be in the .env file, and the shell wins", async () => {
  await withDevServer(async (server) => {
    assertMatch(server.output, /^Publishable key\s+sb_publishable_shell$/m);
    const functionUrl = `${server.origin}/functions/v1/powersync-auth-anonymous`;
    const answer = async (apikey: string) => {
      const response = await fetch(functionUrl, { headers: { apikey } });
      await response.body?.cancel();
      return response.status;
    };
    assertEquals(await answer("sb_publishable_shell"), 200);
    assertEquals(await answer("sb_publishable_file"), 401);
  }, {
    file: "SUPABASE_URL=http://127.0.0.1:9\nSUPABASE_PUBLISHABLE_KEY=sb_publishable_file\n",
    env: { SUPABASE_PUBLISHABLE_KEY: "sb_publishable_shell" },
  });
});

Deno.test("a company's proxy does not intercept requests to the functions or the page's check", async () => {
  await withDevServer(async (server) => {
    const { data } = await server.client().functions.invoke("powersync-auth-anonymous");
    const response = await fetch(`${server.origin}/dev/check`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: data.token }),
    });
    assertEquals((await response.json()).verdict, { outcome: "accepted" });
  }, { env: { HTTP_PROXY: "http://127.0.0.1:9", http_proxy: "http://127.0.0.1:9" } });
});
