import { assertEquals, assertMatch } from "@std/assert";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { assertRefused } from "../support/call_command.ts";
import { writeTree } from "../support/file_tree.ts";
import { inFolder, runTask } from "../support/run_script.ts";

const LINK = { "supabase/.temp/project-ref": "linked\n" };
const PRODUCTION = { ".env.production": "POWERSYNC_URL=https://sync.example.org\n" };
const LOCAL = { "supabase/functions/.env": "POWERSYNC_URL=http://localhost:8080\n" };
const OF_HERE = ["127.0.0.1:54321", "http://localhost:8080"];
const OF_LINK = ["linked.supabase.co", "https://sync.example.org"];

/** The host of the JWKS and the audience that `config` prints in a folder with these files, without any network. */
async function config(files: Readonly<Record<string, string>>, ...args: readonly string[]) {
  let printed: { found: (string | undefined)[]; stderr: string } | undefined;
  await inFolder(async (cwd) => {
    await writeTree(cwd, files);
    const ran = await runTask("config", args, { cwd, permissions: ["--allow-read"] });
    const jwksUri = /^ {2}jwks_uri: "https?:\/\/([^/]+)/m.exec(ran.stdout)?.[1];
    printed = { found: [jwksUri, /^ {4}- "(.*)"$/m.exec(ran.stdout)?.[1]], stderr: ran.stderr };
  });
  return { found: printed?.found, stderr: printed?.stderr ?? "" };
}

Deno.test("config is for the linked project where its file exists, and for this computer where nothing is linked", async () => {
  const linked = await config({ ...LINK, ...PRODUCTION, ...LOCAL });
  assertEquals(linked.found, OF_LINK);
  assertEquals(
    linked.stderr,
    "Secrets: .env.production. Project: linked (supabase/.temp/project-ref).\n",
  );
  const here = await config({ ...PRODUCTION, ...LOCAL });
  assertEquals(here.found, OF_HERE);
  assertMatch(
    here.stderr,
    /^Secrets: supabase\/functions\/\.env\. Project: this computer\. None is linked: .*\n$/,
  );
});

Deno.test("with the local file, config is for this computer and says how to get the linked project's", async () => {
  for (
    const { found, stderr } of [
      await config({ ...LINK, ...LOCAL }),
      await config({ ...LINK, ...PRODUCTION, ...LOCAL }, "--env-file", "supabase/functions/.env"),
    ]
  ) {
    assertEquals(found, OF_HERE);
    assertMatch(
      stderr,
      /Project: this computer\. For the linked project linked: --env-file \.env\.production$/m,
    );
  }
});

Deno.test("without any file, config still knows the linked project, and that it knows no audience", async () => {
  const { found, stderr } = await config(LINK);
  assertEquals(found, ["linked.supabase.co", "powersync-dev"]);
  assertMatch(stderr, /^Secrets: no file\. Project: linked .*\nNo audience is known/);
});

Deno.test("the file's own SUPABASE_URL comes before the link, and --project before both", async () => {
  const own = { ".env.production": `${PRODUCTION[".env.production"]}SUPABASE_URL=https://api.example.org\n` };
  const files = { ...LINK, ...own, ...LOCAL };
  const { found, stderr } = await config(files);
  assertEquals(found, ["api.example.org", "https://sync.example.org"]);
  assertMatch(stderr, /Project: https:\/\/api\.example\.org \(SUPABASE_URL in the file\)/);
  assertEquals((await config(files, "--project", "named")).found, [
    "named.supabase.co",
    "https://sync.example.org",
  ]);
  const other = await config(
    { ...LINK, "mine.env": PRODUCTION[".env.production"] },
    "--env-file",
    "mine.env",
  );
  assertEquals(other.found, OF_LINK);
});

Deno.test("--static for the linked project, or a named one, takes the file's keys and asks nobody", async () => {
  const key = `POWERSYNC_PRIVATE_KEY=${
    encodeSecret((await makeKeyPair("ES256", { kid: "mine" })).privateJwk)
  }\n`;
  await inFolder(async (cwd) => {
    await writeTree(cwd, { ...LINK, ".env.production": `${PRODUCTION[".env.production"]}${key}` });
    for (const args of [["--static"], ["--static", "--project", "named"]]) {
      const { stdout } = await runTask("config", args, { cwd, permissions: ["--allow-read"] });
      assertMatch(stdout, /kid: "mine"/);
    }
    await Deno.remove(`${cwd}/.env.production`);
    const unallowed = { cwd, permissions: ["--allow-read"] };
    assertRefused(await runTask("config", ["--static", "--project", "named"], unallowed), /permission/);
    assertRefused(
      await runTask("config", ["--static"], unallowed),
      /no key in \.env\.production\. .* --env-file \.env\.production$/m,
    );
  });
});
