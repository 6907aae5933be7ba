/**
 * The documents' blocks of shell, run from the top of a page to its end as a reader runs them: our commands in a clone,
 * with a project beside it, and the real Supabase CLI against a stand-in of its API.
 */
import { assert } from "@std/assert";
import { join } from "node:path";
import { readEnvFile } from "../../scripts/setup/env-file.ts";
import { copyBundle, makeLocalEnv, makeProductionEnv, POWERSYNC_URL } from "../support/bundle.ts";
import { type Deployment, withDeployment } from "../support/deployment.ts";
import { blocksOf, commandsIn, PAGES } from "../support/documents.ts";
import { writeTree } from "../support/file_tree.ts";
import { type ManagementApi, PROJECT_REF, startManagementApi } from "../support/management_api.ts";
import { printed } from "../support/printed_command.ts";
import { PUBLISHABLE_KEY } from "../support/project.ts";
import { inFolder } from "../support/run_script.ts";
import { cliEnvironment } from "../support/supabase_cli.ts";

/** What a reader replaces. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  "project ref": PROJECT_REF,
  "publishable key": PUBLISHABLE_KEY,
  "anon key": PUBLISHABLE_KEY,
  "client ID": "5c7a6c0e-0000-4000-8000-0000000000c1",
  "another client ID": "5c7a6c0e-0000-4000-8000-0000000000c2",
};

/** The lines that are run here. */
const RUN = /^(deno task|supabase|echo) /;
/** Among them what serves until it is stopped, asks, or needs Docker or a browser; other tests have what can be run. */
const NOT_HERE =
  /^deno task (dev|ok|test\S*)( |$)|^deno task doctor -- --token$|^supabase (login|start|functions serve)$/;

/** A line that makes the production file, which is there before on other pages. */
const MAKES_FILE = "deno task keys -- --env-file .env.production";

/** A line that brings the functions into the project beside the clone; on other pages they are there before. */
const ADDS = "deno task add --";

const DOCTOR = /^deno task doctor( --)?/;

/** The lines of a page that are run here, in their order. */
function linesOf(page: string): string[] {
  const places = new Set(blocksOf(page).map(({ place }) => place));
  return commandsIn(page).filter(({ place, text }) =>
    places.has(place) && RUN.test(text) && !NOT_HERE.test(text)
  )
    .map(({ text }) => text);
}

/** Runs a page's lines; each must succeed. */
async function walk(lines: readonly string[], { clone, api, deployment, env }: {
  readonly clone: string;
  readonly api: ManagementApi;
  readonly deployment: Deployment;
  readonly env: Readonly<Record<string, string>>;
}): Promise<void> {
  for (const line of lines) {
    const command = line
      .replace(/https:\/\/(<instance>\.powersync\.journeyapps|powersync\.example)\.com/, deployment.powersync)
      .replace("https://<your host>", deployment.url)
      .replaceAll(/<([^>]+)>/g, (_, name) => {
        assert(name in PLACEHOLDERS, `${line}: nothing replaces ${name}.`);
        return PLACEHOLDERS[name] ?? "";
      })
      // Without a terminal the CLI cannot ask.
      .replace(/^supabase .*/, "$& --yes")
      // Not at supabase.co.
      .replace(DOCTOR, `deno task doctor -- --project ${deployment.url} --powersync ${deployment.powersync}`);
    // What the CLI has set; self-hosted, the container reads the project's file.
    const file = await readEnvFile(join(clone, "../my-app/.env.production"));
    Object.assign(deployment.environment, file, Object.fromEntries(api.secrets));
    await printed(command, { cwd: clone, env });
  }
}

for (const page of PAGES) {
  const lines = linesOf(page);
  if (lines.length === 0) continue;
  Deno.test(`${page}: its ${lines.length} lines of shell can be run one after the other`, async () => {
    await inFolder(async (folder) => {
      await using api = startManagementApi();
      const [clone, home] = [join(folder, "clone"), join(folder, "home")];
      await copyBundle(clone);
      await Deno.mkdir(home);
      await writeTree(join(folder, "my-app"), { "supabase/config.toml": 'project_id = "my-app"\n' });
      const env = await cliEnvironment(api, home);
      await withDeployment(async (deployment) => {
        if (!lines.includes(MAKES_FILE)) await makeGiven(clone, deployment, lines);
        if (!lines.some((line) => line.startsWith(ADDS))) {
          await walk([`${ADDS} ../my-app`], { clone, api, deployment, env });
        }
        await walk(lines, { clone, api, deployment, env });
      });
    });
  });
}

/** A clone that is set up, linked and deployed: what a reader of any page but the first ones has. */
async function makeGiven(clone: string, deployment: Deployment, lines: readonly string[]): Promise<void> {
  await makeLocalEnv(clone);
  await makeProductionEnv(clone);
  const file = join(clone, ".env.production");
  // The doctor asks the instance; check-secrets accepts no local one.
  if (lines.some((line) => DOCTOR.test(line))) {
    const text = await Deno.readTextFile(file);
    await Deno.writeTextFile(file, text.replace(POWERSYNC_URL, deployment.powersync));
  }
  await writeTree(clone, { "supabase/.temp/project-ref": PROJECT_REF, "user.jwt": deployment.userToken });
  Object.assign(deployment.environment, await readEnvFile(file));
}

Deno.test("the Supabase CLI has every command and every flag of it that the documents name", async () => {
  const commands = new Set(
    PAGES.flatMap(commandsIn).map(({ text }) => text.replace(/^npx /, "")).filter((text) =>
      /^supabase \w/.test(text)
    ),
  );
  assert(commands.size > 5);
  const helps = new Map<string, string>();
  for (const command of commands) {
    const words = /^supabase(?: [a-z][a-z-]*){1,2}/.exec(command)?.[0] ?? "";
    const help = helps.get(words) ?? await printed(`${words} --help`, {});
    helps.set(words, help);
    // Of a command that is not there, the CLI shows the help of the one above.
    const [, known = ""] = /^USAGE\n {2}(supabase[a-z -]*?) \[flags\]/m.exec(help) ?? [];
    assert(known.length > "supabase".length && `${command} `.startsWith(`${known} `), `${command}\n${help}`);
    for (const [flag] of command.matchAll(/--[\w-]+/g)) assert(help.includes(`  ${flag} `), command);
  }
});
