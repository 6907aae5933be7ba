import { assertEquals, assertFalse, assertMatch, assertRejects } from "@std/assert";
import { findSecretsFile } from "../../scripts/doctor/sources.ts";
import { findProject } from "../../scripts/setup/project.ts";
import { Invocation } from "../../scripts/cli/invocation.ts";
import { CommandError } from "../../scripts/cli/command.ts";
import { withDeployment } from "../support/deployment.ts";
import { PUBLISHABLE_KEY, SECRET_KEY } from "../support/project.ts";
import { inFolder, runTask } from "../support/run_script.ts";

const REF = "abcdefghijklmnopqrst";

/** A project folder, perhaps linked, with these secrets files. */
async function inProject(
  { link, files = [] }: { link?: string; files?: readonly string[] },
  test: (dir: string) => Promise<void>,
): Promise<void> {
  await inFolder(async (dir) => {
    await Deno.mkdir(`${dir}/supabase/.temp`, { recursive: true });
    await Deno.mkdir(`${dir}/supabase/functions`);
    if (link !== undefined) await Deno.writeTextFile(`${dir}/supabase/.temp/project-ref`, link);
    for (const file of files) await Deno.writeTextFile(`${dir}/${file}`, "A=1\n");
    await test(dir);
  });
}

/** What the doctor's first lines say in a folder; it may not ask anybody. */
async function sourcesIn(cwd: string, ...args: readonly string[]): Promise<string[]> {
  const { stdout } = await runTask("doctor", ["--json", ...args], { cwd, permissions: ["--allow-read"] });
  return JSON.parse(stdout).sources;
}

Deno.test("the production file comes before the one for this computer", async () => {
  await inProject({ files: [".env.production", "supabase/functions/.env"] }, async (dir) => {
    assertEquals((await sourcesIn(dir))[0], "Secrets: .env.production.");
  });
  await inProject({ files: ["supabase/functions/.env"] }, async (dir) => {
    assertEquals((await sourcesIn(dir))[0], "Secrets: supabase/functions/.env.");
  });
  await inProject({}, async (dir) => {
    assertEquals((await sourcesIn(dir))[0], "There is no secrets file here.");
    await assertRejects(() => findSecretsFile(`${dir}/mine.env`), CommandError, "There is no file");
  });
});

Deno.test("the file for this computer is known however its path is written", async () => {
  await inProject(
    { files: ["supabase/functions/.env", "supabase/functions/.env.production"] },
    async (dir) => {
      for (const path of [`${dir}/supabase/functions/.env`, `${dir}/./supabase/../supabase/functions/.env`]) {
        assertEquals((await findSecretsFile(path))?.local, true, path);
      }
      assertEquals((await findSecretsFile(`${dir}/supabase/functions/.env.production`))?.local, false);
    },
  );
});

Deno.test("the linked project is taken unless another is named", async () => {
  const linked = `Project: ${REF} (supabase/.temp/project-ref).`;
  for (const [link, source] of [[`${REF}\n`, linked], ["", undefined], ["not a ref", undefined]] as const) {
    await inProject({ link }, async (dir) => {
      assertEquals((await sourcesIn(dir))[1], source ?? "No project is linked: link one, or pass --project.");
      assertEquals((await sourcesIn(dir, "--project", "other"))[1], "Project: other (--project).");
    });
  }
  await inProject(
    {},
    async (dir) =>
      assertEquals((await sourcesIn(dir))[1], "No project is linked: link one, or pass --project."),
  );
  assertEquals(await findProject("abc"), { url: "https://abc.supabase.co", ref: "abc", from: "--project" });
  await assertRejects(() => findProject("not a ref"), CommandError, "--project must be");
});

Deno.test("a secret in the place of the project is not shown", async () => {
  const error = await assertRejects(() => findProject(SECRET_KEY), CommandError);
  assertFalse(error.message.includes(SECRET_KEY));
});

Deno.test("without anything to check the doctor says how to begin", async () => {
  await inFolder(async (cwd) => {
    const { code, stdout } = await runTask("doctor", ["--json"], { cwd });
    const { outcome, first } = JSON.parse(stdout);
    assertEquals([code, outcome, first.cause], [1, "faults", "file-missing"]);
    assertEquals(first.fix.commands, [new Invocation().task("keys", "--env-file", ".env.production")]);
  });
});

Deno.test("without a file, the secrets of the deployment are changed", async () => {
  await withDeployment(async (deployment) => {
    deployment.environment.POWERSYNC_TOKEN_TTL = "1";
    const args = ["--json", `--project=${deployment.url}`, `--publishable-key=${PUBLISHABLE_KEY}`];
    await inFolder(async (cwd) => {
      const { stdout } = await runTask("doctor", args, { cwd });
      const { commands } = JSON.parse(stdout).first.fix;
      assertEquals(commands, ["supabase secrets unset POWERSYNC_TOKEN_TTL --yes"]);
    });
  });
});

Deno.test("a wrong --powersync is not written anywhere", async () => {
  await withDeployment(async (deployment) => {
    await inFolder(async (cwd) => {
      const url = "https://dashboard.powersync.com/org/1";
      const { stdout } = await runTask("doctor", [
        "--json",
        `--project=${deployment.url}`,
        `--powersync=${url}`,
      ], {
        cwd,
      });
      const { cause, fix } = JSON.parse(stdout).first;
      assertEquals([cause, fix.commands], ["url-dashboard", []]);
    });
  });
});

Deno.test("the file for this computer is not compared with a hosted project, and the first lines say so", async () => {
  await inProject({ link: REF, files: ["supabase/functions/.env"] }, async (cwd) => {
    const { stdout } = await runTask("doctor", ["--json"], {
      cwd,
      env: { HTTPS_PROXY: "http://127.0.0.1:1" },
    });
    assertMatch(JSON.parse(stdout).sources[0], /supabase\/functions\/\.env, for this computer: not compared/);
  });
});

Deno.test("a flag that names nothing is refused in one form, with what to give", async () => {
  const cases: [string, RegExp][] = [
    ["--env-file=", /--env-file is empty/],
    ["--project=", /--project is empty/],
    ["--audience= ", /--audience is empty/],
    ["--env-file=.", /it is a folder/],
    ["--powersync=https://<instance>.powersync.journeyapps.com", /--powersync is a placeholder/],
    ["--powersync=abc.powersync.journeyapps.com", /URL: https:\/\/abc\.powersync\.journeyapps\.com$/],
    ["--jwks-url=x", /--jwks-url must be an http\(s\) URL\.$/],
  ];
  await inFolder(async (cwd) => {
    for (const [flag, reason] of cases) {
      const { code, stdout } = await runTask("doctor", ["--json", flag], { cwd });
      const { outcome, checks, error } = JSON.parse(stdout);
      assertEquals([code, outcome, checks], [2, "unchecked", []]);
      assertMatch(error, reason);
    }
  });
});

Deno.test("what is named and cannot be checked exits with 2", async () => {
  await inFolder(async (cwd) => {
    const cases = [
      ["--powersync", "http://127.0.0.1:1"],
      ["--publishable-key", "sb_publishable_x"],
      ["--audience", "https://x.example.org"],
    ];
    for (const args of cases) {
      const { code, stdout } = await runTask("doctor", ["--json", ...args], { cwd });
      assertEquals([code, JSON.parse(stdout).outcome], [2, "unchecked"], stdout);
    }
  });
});
