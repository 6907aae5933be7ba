import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { main } from "../scripts/doctor.ts";
import { CAUSES } from "../scripts/doctor/causes.ts";
import { assertRefused, callCommand } from "./support/call_command.ts";
import { withDeployment } from "./support/deployment.ts";
import { base64, PUBLISHABLE_KEY } from "./support/project.ts";
import { inFolder, type Ran, runTask } from "./support/run_script.ts";
import { makeKey, sign } from "./support/signing.ts";

const key = await makeKey("ES256", "powersync-0123456789");
const GOOD = `POWERSYNC_PRIVATE_KEY=${
  base64(key.privateJwk)
}\nPOWERSYNC_URL=https://x.powersync.journeyapps.com\n`;

async function doctor(
  args: readonly string[],
  { file = GOOD, stdin }: { file?: string; stdin?: string } = {},
) {
  let ran: Ran = { code: -1, stdout: "", stderr: "" };
  await inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/.env.production`, file);
    ran = stdin === undefined
      ? await callCommand(main, ["--env-file", `${cwd}/.env.production`, ...args])
      : await runTask("doctor", ["--env-file", ".env.production", ...args], { cwd, stdin });
  });
  for (const secret of [base64(key.privateJwk), `${key.privateJwk.d}`]) {
    assertFalse(`${ran.stdout}${ran.stderr}`.includes(secret));
  }
  return ran;
}

Deno.test("good secrets exit 0, with one line for each check and a verdict", async () => {
  const { code, stdout } = await doctor([], { stdin: "" });
  assertEquals(code, 0);
  assertMatch(stdout, /^Secrets: .*\.env\.production\.\n.*\n\nok {4}Key secrets: /);
  assertStringIncludes(stdout, "Healthy");
});

Deno.test("a failure exits 1 with its PowerSync code, cause and fix, and what to do first", async () => {
  const { code, stdout } = await doctor(
    [],
    { file: GOOD.replace(/POWERSYNC_PRIVATE_KEY=.{60}/, "POWERSYNC_PRIVATE_KEY=") },
  );
  assertEquals(code, 1);
  assertMatch(stdout, /^FAIL {2}POWERSYNC_PRIVATE_KEY: .*\n {6}Fix: .* task keys/m);
  assertMatch(
    stdout,
    /\nOne fault\.\n\nFirst, POWERSYNC_PRIVATE_KEY: The key in POWERSYNC_PRIVATE_KEY .*\n\n.* task keys -- --force .*\nsupabase secrets set /,
  );
});

Deno.test("bad input exits 2 with one sentence", async () => {
  for (
    const args of [["--unknown"], ["--project", "!"], ["--powersync", "x"], ["--jwks-url", "x"], ["stray"]]
  ) {
    assertRefused(await doctor(args), /./);
  }
  const { code, stdout } = await doctor(["--json", "--project", "!"]);
  const { outcome, checks, error } = JSON.parse(stdout);
  assertEquals([code, outcome, checks], [2, "unchecked", []]);
  assertMatch(error, /--project must be a project/);
});

Deno.test("--json is for machines, --help for people", async () => {
  const { stdout } = await doctor(["--json"]);
  const report = JSON.parse(stdout);
  assertEquals([report.outcome, report.first, report.error], ["healthy", null, null]);
  assert(
    report.checks.every(({ id, status }: Record<string, unknown>) => id !== undefined && status === "passed"),
  );
  assertStringIncludes((await doctor(["--help"])).stdout, "--powersync");
});

Deno.test("a deployment is examined from a command, and no token is printed", async () => {
  await withDeployment(async (deployment) => {
    const flags = [
      "--project",
      deployment.url,
      "--publishable-key",
      PUBLISHABLE_KEY,
      "--powersync",
      deployment.powersync,
    ];
    const { code, stdout } = await doctor([...flags, "--user-token", deployment.userToken, "--json"]);
    // The file's key is not the deployed one, and its URL not the instance's.
    assertEquals(code, 1);
    assertStringIncludes(stdout, '"keys-not-deployed"');
    assertStringIncludes(stdout, "It accepts the token of powersync-auth-anonymous and streams.");
    assertFalse(/eyJ[\w-]{20}/.test(stdout), "a token is printed");
    assertFalse(stdout.includes(deployment.userToken));
  });
});

Deno.test("a token is read from standard input, explained, and not shown", async () => {
  const iat = Math.floor(Date.now() / 1000);
  const token = await sign({ sub: "u", aud: "https://other.example", iat, exp: iat + 300 }, { key });
  const { code, stdout, stderr } = await doctor(["--token", "-"], { stdin: `${token}\n` });
  assertEquals([code, stderr], [1, ""]);
  assertMatch(stdout, /^FAIL {2}Token: .*\(PSYNC_S2105\)$/m);
  assertFalse(stdout.includes(token));
});

Deno.test("every cause that the doctor can name has a test that names it", async () => {
  const files = await Array.fromAsync(Deno.readDir(new URL("doctor/", import.meta.url)), ({ name }) => name);
  const texts = files.map((name) => Deno.readTextFile(new URL(`doctor/${name}`, import.meta.url)));
  const tests = (await Promise.all(texts)).join("\n");
  const untested = Object.keys(CAUSES).filter((id) => !new RegExp(`[" ]${id}[":]`).test(tests));
  assertEquals(untested, []);
});
