import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { codesTable } from "../scripts/doctor/codes-table.ts";
import { POWERSYNC_CODES } from "../scripts/powersync-codes.ts";
import { withDeployment } from "./support/deployment.ts";
import { base64, PUBLISHABLE_KEY } from "./support/project.ts";
import { inFolder, runTask } from "./support/run_script.ts";
import { makeKey } from "./support/signing.ts";

const key = await makeKey("ES256", "powersync-0123456789");
const GOOD = `POWERSYNC_PRIVATE_KEY=${
  base64(key.privateJwk)
}\nPOWERSYNC_URL=https://x.powersync.journeyapps.com\n`;

async function doctor(args: readonly string[], file = GOOD) {
  let ran = { code: -1, stdout: "", stderr: "" };
  await inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/.env.production`, file);
    ran = await runTask("doctor", ["--env-file", ".env.production", ...args], { cwd });
  });
  for (const secret of [base64(key.privateJwk), `${key.privateJwk.d}`]) {
    assertFalse(`${ran.stdout}${ran.stderr}`.includes(secret));
  }
  return ran;
}

Deno.test("secrets in order exit 0, one line a check, with a verdict", async () => {
  const { code, stdout } = await doctor([]);
  assertEquals(code, 0);
  assertMatch(stdout, /^ok {4}Key secrets: /);
  assertStringIncludes(stdout, "Healthy");
});

Deno.test("a failure exits 1 with its PowerSync code, cause and fix, and the first thing to do", async () => {
  const { code, stdout } = await doctor(
    [],
    GOOD.replace(/POWERSYNC_PRIVATE_KEY=.{60}/, "POWERSYNC_PRIVATE_KEY="),
  );
  assertEquals(code, 1);
  assertMatch(stdout, /^FAIL {2}POWERSYNC_PRIVATE_KEY: .*\n {6}PSYNC_S2204: .*\n {6}Fix: /);
  assertMatch(stdout, /One check fails\. First: .*deno task keys/);
});

Deno.test("what cannot be run exits 2 with one sentence", async () => {
  for (
    const args of [["--unknown"], ["--project", "!"], ["--powersync", "x"], ["--jwks-url", "x"], ["stray"]]
  ) {
    const { code, stdout, stderr } = await doctor(args);
    assertEquals([args, code, stdout], [args, 2, ""]);
    assertEquals(stderr.trim().split("\n").length, 1);
  }
  assertEquals((await doctor([], "no variable")).code, 2);
});

Deno.test("--json is for machines, --help for people", async () => {
  const { stdout } = await doctor(["--json"]);
  const report = JSON.parse(stdout);
  assertEquals(report.healthy, true);
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
    assertStringIncludes(stdout, '"secrets-not-deployed"');
    assertStringIncludes(stdout, "It accepts the token and streams.");
    assertFalse(/eyJ[\w-]{20}/.test(stdout), "a token is printed");
    assertFalse(stdout.includes(deployment.userToken));
  });
});

Deno.test("the README has the doctor's own tables", async () => {
  const readme = await Deno.readTextFile(new URL("../README.md", import.meta.url));
  const [, tables = ""] = /<!-- doctor-codes -->([\s\S]*)<!-- \/doctor-codes -->/.exec(readme) ?? [];
  // deno fmt aligns tables.
  const plain = (text: string) =>
    text.replace(/-{3,}/g, "---").replace(/[ \t]+/g, " ").replaceAll("| --- ", "|---").replaceAll(
      "--- |",
      "---|",
    ).trim();
  assertEquals(plain(tables), plain(codesTable()));
  for (const { code } of POWERSYNC_CODES) assertStringIncludes(tables, code);
});
