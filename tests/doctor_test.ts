import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { CommandError } from "../scripts/cli/command.ts";
import { Invocation } from "../scripts/cli/invocation.ts";
import { main } from "../scripts/doctor.ts";
import { CAUSES } from "../scripts/doctor/causes.ts";
import type { Report } from "../scripts/doctor/report.ts";
import { findSecretsFile } from "../scripts/doctor/secrets.ts";
import { findProject } from "../scripts/setup/project.ts";
import { assertRefused, callCommand } from "./support/call_command.ts";
import { withDeployment } from "./support/deployment.ts";
import { base64, PUBLISHABLE_KEY, SECRET_KEY } from "./support/project.ts";
import { inFolder, type Ran, type RunOptions, runTask } from "./support/run_script.ts";
import { makeKey, sign } from "./support/signing.ts";

const REF = "abcdefghijklmnopqrst";
const key = await makeKey("ES256", "powersync-0123456789");
const GOOD = `POWERSYNC_PRIVATE_KEY=${
  base64(key.privateJwk)
}\nPOWERSYNC_URL=https://x.powersync.journeyapps.com\n`;

async function doctor(
  args: readonly string[],
  { file = GOOD, stdin }: { file?: string; stdin?: string } = {},
): Promise<Ran> {
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

/** The report of a doctor that is started in a project's folder. */
async function reportIn(
  { link, files = [], ...options }: Partial<RunOptions> & { link?: string; files?: readonly string[] },
  ...args: readonly string[]
): Promise<Report & { readonly code: number }> {
  let ran: Ran = { code: -1, stdout: "", stderr: "" };
  await inFolder(async (cwd) => {
    await Deno.mkdir(`${cwd}/supabase/.temp`, { recursive: true });
    await Deno.mkdir(`${cwd}/supabase/functions`);
    if (link !== undefined) await Deno.writeTextFile(`${cwd}/supabase/.temp/project-ref`, link);
    for (const file of files) await Deno.writeTextFile(`${cwd}/${file}`, "A=1\n");
    ran = await runTask("doctor", ["--json", ...args], { cwd, ...options });
  });
  return { ...JSON.parse(ran.stdout), code: ran.code };
}

Deno.test("good secrets exit 0, with one line for each check and a verdict", async () => {
  const { code, stdout } = await doctor([], { stdin: "" });
  assertEquals(code, 0);
  assertMatch(stdout, /^Secrets: .*\.env\.production\.\n.*\n\nok {4}Key secrets: /);
  assertStringIncludes(stdout, "Healthy");
});

Deno.test("a failure exits 1 with its PowerSync code, cause and fix, and what to do first", async () => {
  const file = GOOD.replace(/POWERSYNC_PRIVATE_KEY=.{60}/, "POWERSYNC_PRIVATE_KEY=");
  const { code, stdout } = await doctor([], { file });
  assertEquals(code, 1);
  assertMatch(stdout, /^FAIL {2}POWERSYNC_PRIVATE_KEY: .*\n {6}Fix: .* task keys/m);
  assertMatch(
    stdout,
    /\nOne fault\.\n\nFirst, POWERSYNC_PRIVATE_KEY: The key in POWERSYNC_PRIVATE_KEY .*\n\n.* task keys -- --force .*\nsupabase secrets set /,
  );
});

Deno.test("bad input exits 2 with one sentence, and with what to give", async () => {
  const cases: readonly (readonly [flag: string, reason: RegExp])[] = [
    ["--unknown", /--unknown/],
    ["stray", /Unexpected argument/],
    ["--project=!", /--project must be a project/],
    [`--project=${SECRET_KEY}`, /--project must be a project/],
    ["--project=", /--project is empty/],
    ["--audience= ", /--audience is empty/],
    ["--env-file=", /--env-file is empty/],
    ["--env-file=.", /it is a folder/],
    ["--powersync=x", /--powersync must be an http\(s\) URL\.$/],
    ["--powersync=https://<instance>.powersync.journeyapps.com", /--powersync is a placeholder/],
    ["--powersync=abc.powersync.journeyapps.com", /URL: https:\/\/abc\.powersync\.journeyapps\.com$/],
    ["--jwks-url=x", /--jwks-url must be an http\(s\) URL\.$/],
  ];
  for (const [flag, reason] of cases) {
    assertRefused(await doctor([flag]), new RegExp(reason.source, "m"));
    const { code, stdout } = await doctor(["--json", flag]);
    const { outcome, checks, error } = JSON.parse(stdout);
    assertEquals([flag, code, outcome, checks], [flag, 2, "unchecked", []]);
    assertMatch(error, reason);
    assertFalse(stdout.includes(SECRET_KEY));
  }
});

Deno.test("a doctor that fails itself still prints JSON, and exits with 2", async () => {
  const { code, outcome, error } = await reportIn({ permissions: [] });
  assertEquals([code, outcome, error], [2, "unchecked", "The command itself failed: see standard error."]);
});

Deno.test("--json is for machines, --help for people", async () => {
  const { outcome, first, error, checks }: Report = JSON.parse((await doctor(["--json"])).stdout);
  assertEquals([outcome, first, error], ["healthy", null, null]);
  assert(checks.every(({ id, status }) => id !== undefined && status === "passed"));
  assertStringIncludes((await doctor(["--help"])).stdout, "--powersync");
});

Deno.test("a deployment is examined from a command, and no token is printed", async () => {
  await withDeployment(async ({ url, powersync, userToken }) => {
    const flags = ["--project", url, "--publishable-key", PUBLISHABLE_KEY, "--powersync", powersync];
    const { code, stdout } = await doctor([...flags, "--user-token", userToken, "--json"]);
    // The file's key is not the deployed one, and its URL not the instance's.
    assertEquals(code, 1);
    assertStringIncludes(stdout, '"keys-not-deployed"');
    assertStringIncludes(stdout, "It accepts the token of powersync-auth-anonymous and streams.");
    assertFalse(/eyJ[\w-]{20}/.test(stdout), "a token is printed");
    assertFalse(stdout.includes(userToken));
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

Deno.test("the production file comes before the one for this computer, and the linked project is taken", async () => {
  const files = [".env.production", "supabase/functions/.env"];
  const linked = `Project: ${REF} (supabase/.temp/project-ref).`;
  const unlinked = "No project is linked: link one, or pass --project.";
  const cases: readonly (readonly [Parameters<typeof reportIn>[0], args: string[], sources: string[]])[] = [
    [{ files, link: `${REF}\n` }, [], ["Secrets: .env.production.", linked]],
    [{ files: files.slice(1), link: "" }, [], ["Secrets: supabase/functions/.env.", unlinked]],
    [{ link: "not a ref" }, [], ["There is no secrets file here.", unlinked]],
    [{}, [], ["There is no secrets file here.", unlinked]],
    [{ link: REF }, ["--project", "other"], [
      "There is no secrets file here.",
      "Project: other (--project).",
    ]],
    // The file for this computer is not compared with a hosted project.
    [{ files: files.slice(1), link: REF }, [], [
      "Secrets: supabase/functions/.env, for this computer: not compared with the project.",
      linked,
    ]],
  ];
  for (const [folder, args, sources] of cases) {
    // It may not ask anybody.
    assertEquals((await reportIn({ ...folder, permissions: ["--allow-read"] }, ...args)).sources, sources);
  }
  assertEquals(await findProject("abc", new Invocation()), {
    url: "https://abc.supabase.co",
    ref: "abc",
    from: "--project",
  });
});

Deno.test("the file for this computer is known however its path is written", async () => {
  await inFolder(async (dir) => {
    const folder = `${dir}/supabase/functions`;
    await Deno.mkdir(folder, { recursive: true });
    for (const file of [".env", ".env.production"]) await Deno.writeTextFile(`${folder}/${file}`, "A=1\n");
    for (
      const [path, isLocal] of [
        [`${folder}/.env`, true],
        [`${dir}/./supabase/../supabase/functions/.env`, true],
        [`${folder}/.env.production`, false],
      ] as const
    ) assertEquals((await findSecretsFile(path, new Invocation()))?.local, isLocal, path);
    await assertRejects(
      () => findSecretsFile(`${dir}/mine.env`, new Invocation()),
      CommandError,
      "There is no file",
    );
  });
});

Deno.test("without anything to check the doctor says how to begin", async () => {
  const { code, outcome, first } = await reportIn({});
  assertEquals([code, outcome, first?.cause], [1, "faults", "file-missing"]);
  assertEquals(first?.fix?.commands, [new Invocation().task("keys", "--env-file", ".env.production")]);
});

Deno.test("without a file, the secrets of the deployment are changed, and no wrong --powersync is written", async () => {
  await withDeployment(async ({ url, environment }) => {
    const project = `--project=${url}`;
    const wrong = await reportIn({}, project, "--powersync=https://dashboard.powersync.com/org/1");
    assertEquals([wrong.first?.cause, wrong.first?.fix?.commands], ["url-dashboard", []]);
    environment.POWERSYNC_TOKEN_TTL = "1";
    const { first } = await reportIn({}, project, `--publishable-key=${PUBLISHABLE_KEY}`);
    assertEquals(first?.fix?.commands, ["supabase secrets unset POWERSYNC_TOKEN_TTL --yes"]);
  });
});

Deno.test("what is named and cannot be checked exits with 2", async () => {
  for (
    const flag of [
      "--powersync=http://127.0.0.1:1",
      "--publishable-key=sb_publishable_x",
      "--audience=https://x.example.org",
    ]
  ) {
    const { code, outcome } = await reportIn({}, flag);
    assertEquals([flag, code, outcome], [flag, 2, "unchecked"]);
  }
});

Deno.test("every cause that the doctor can name has a test that names it", async () => {
  const files = await Array.fromAsync(Deno.readDir(new URL("doctor/", import.meta.url)), ({ name }) => name);
  const texts = files.map((name) => Deno.readTextFile(new URL(`doctor/${name}`, import.meta.url)));
  const tests = `${(await Promise.all(texts)).join("\n")} "file-missing"`;
  const untested = Object.keys(CAUSES).filter((id) => !new RegExp(`[" ]${id}[":]`).test(tests));
  assertEquals(untested, []);
});
