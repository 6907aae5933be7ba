import { assertEquals, assertMatch } from "@std/assert";
import { main } from "../../scripts/config.ts";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { assertRefused, callCommand } from "../support/call_command.ts";
import { writeTree } from "../support/file_tree.ts";
import { inFolder, type Ran } from "../support/run_script.ts";

const LINK = { "supabase/.temp/project-ref": "linked\n" };
const URL_LINE = "POWERSYNC_URL=https://sync.example.org\n";
const PRODUCTION = { ".env.production": URL_LINE };
const LOCAL = { "supabase/functions/.env": "POWERSYNC_URL=http://localhost:8080\n" };
const OF_HERE = ["127.0.0.1:54321", "http://localhost:8080"];
const OF_LINK = ["linked.supabase.co", "https://sync.example.org"];

/** Runs a test with `config` for a project with these files; tests reach no other computer. */
async function withConfig(
  files: Readonly<Record<string, string>>,
  test: (config: (...args: readonly string[]) => Promise<Ran>, folder: string) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    await writeTree(folder, { "supabase/config.toml": "", ...files });
    await test((...args) => callCommand(main, ["--dir", folder, ...args]), folder);
  });
}

const OWN = { ".env.production": `${URL_LINE}SUPABASE_URL=https://api.example.org\n` };
const KEEPS_LOCAL = /Project: this computer\. For the linked project linked: --env-file \.env\.production$/m;

for (
  const [what, files, args, found, said] of [
    [
      "the linked project where its file exists",
      { ...LINK, ...PRODUCTION, ...LOCAL },
      [],
      OF_LINK,
      /^Secrets: \S+\/\.env\.production\. Project: linked \(\S+\/supabase\/\.temp\/project-ref\)\.$/m,
    ],
    [
      "this computer where nothing is linked",
      { ...PRODUCTION, ...LOCAL },
      [],
      OF_HERE,
      /^Secrets: \S+\/supabase\/functions\/\.env\. Project: this computer\. None is linked: .*$/m,
    ],
    ["this computer where only the local file exists", { ...LINK, ...LOCAL }, [], OF_HERE, KEEPS_LOCAL],
    [
      "this computer where the local file is named",
      { ...LINK, ...PRODUCTION, ...LOCAL },
      ["--env-file", "supabase/functions/.env"],
      OF_HERE,
      KEEPS_LOCAL,
    ],
    ["the linked project without any file, and knows no audience", LINK, [], [
      "linked.supabase.co",
      "powersync-dev",
    ], /^Secrets: no file\. Project: linked .*\nNo audience is known/],
    ["the file's own SUPABASE_URL rather than the link", { ...LINK, ...OWN, ...LOCAL }, [], [
      "api.example.org",
      OF_LINK[1],
    ], /Project: https:\/\/api\.example\.org \(SUPABASE_URL in the file\)/],
    ["--project rather than both", { ...LINK, ...OWN, ...LOCAL }, ["--project", "named"], [
      "named.supabase.co",
      OF_LINK[1],
    ], /Project: named \(--project\)/],
    [
      "the linked project with a file of another name",
      { ...LINK, "mine.env": URL_LINE },
      ["--env-file", "mine.env"],
      OF_LINK,
      /mine\.env/,
    ],
  ] as const
) {
  Deno.test(`config is for ${what}`, async () => {
    await withConfig(files, async (config) => {
      const { stdout, stderr } = await config(...args);
      const jwksHost = /^ {2}jwks_uri: "https?:\/\/([^/]+)/m.exec(stdout)?.[1];
      assertEquals([jwksHost, /^ {4}- "(.*)"$/m.exec(stdout)?.[1]], [...found], stderr);
      assertMatch(stderr, said);
    });
  });
}

Deno.test("--static for the linked project, or a named one, takes the file's keys and asks nobody", async () => {
  const key = encodeSecret((await makeKeyPair("ES256", { kid: "mine" })).privateJwk);
  const files = { ...LINK, ".env.production": `${URL_LINE}POWERSYNC_PRIVATE_KEY=${key}\n` };
  await withConfig(files, async (config, folder) => {
    for (const args of [[], ["--project", "named"]]) {
      assertMatch((await config("--static", ...args)).stdout, /kid: "mine"/);
    }
    await Deno.remove(`${folder}/.env.production`);
    assertRefused(await config("--static", "--project", "named"), /permission/);
    assertRefused(
      await config("--static"),
      /no key in \S+\/\.env\.production\. .* --env-file \.env\.production$/m,
    );
  });
});
