import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { PRODUCTION_ENV_FILE } from "../scripts/setup/local-only.ts";
import { readTask } from "./support/run_script.ts";

const ROOT = new URL("../", import.meta.url);

Deno.test("no command of ours can upload a file: none may run the Supabase CLI, or npx, which could", async () => {
  const { tasks }: { tasks: Record<string, { description?: string; command: string }> } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  );
  const scripts = Object.entries(tasks).filter(([name, { command }]) =>
    name !== "test" && command.startsWith("deno run")
  );
  assert(scripts.length >= 5);
  for (const [name, { command }] of scripts) {
    const flags = command.match(/(-A|--allow-all|--allow-run|--allow-ffi)\b[^ ]*/g) ?? [];
    // `dev` runs the functions in Deno itself; what that may do is in tests/dev/reload_test.ts.
    const allowed = name === "dev" ? "--allow-run=git,$(deno" : "--allow-run=git";
    for (const flag of flags) assertEquals(flag, allowed, name);
  }
});

Deno.test("`dev` may run git and the running Deno, also where its path has spaces", async () => {
  const { flags } = await readTask("dev");
  assertEquals(flags.find((flag) => flag.startsWith("--allow-run")), `--allow-run=git,${Deno.execPath()}`);
  assertEquals(flags.map((flag) => flag.replace(/^(--allow-(?:env|run))=.*/, "$1=…")).sort(), [
    "--allow-env=…",
    "--allow-net",
    "--allow-read",
    "--allow-run=…",
    "--allow-sys=networkInterfaces",
    "--allow-write",
  ]);
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  assertStringIncludes(tasks.dev.command, `"--allow-run=git,$(deno eval 'console.log(Deno.execPath())')"`);
});

Deno.test("`deno task` downloads every package of the lock file, so that has none which only tests import", async () => {
  const read = async (name: string) => JSON.parse(await Deno.readTextFile(new URL(name, ROOT)));
  const [{ imports }, { specifiers }] = await Promise.all([read("import_map.json"), read("deno.lock")]);
  const packages = Object.values<string>(imports).map((target) => /^npm:@?[^@]+@[^/]+/.exec(target)?.[0]);
  assertEquals(Object.keys(specifiers), [...new Set(packages.filter((name) => name !== undefined))].sort());
});

Deno.test("the documents upload the secrets of the production file and of no other", async () => {
  const pages = [
    "README.md",
    ...[...Deno.readDirSync(new URL("docs", ROOT))].map(({ name }) => `docs/${name}`),
  ]
    .filter((path) => path.endsWith(".md"));
  const texts = await Promise.all(pages.map((path) => Deno.readTextFile(new URL(path, ROOT))));
  const uploaded = [...texts.join("\n").matchAll(/secrets set .*--env-file[ =]([^\s`,]+)/g)].map(([, file]) =>
    file
  );
  assert(uploaded.length > 0);
  assertEquals([...new Set(uploaded)], [PRODUCTION_ENV_FILE]);
});

Deno.test("`deno task` describes every task", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["task"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stderr: "piped",
  }).output();
  const { tasks }: { tasks: Record<string, { description: string }> } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  );
  const listed = new TextDecoder().decode(stdout);
  for (const { description } of Object.values(tasks)) assertStringIncludes(listed, description);
});

/** What the commands that do not serve anything may do. `--dir` may be any folder, so reading has no list. */
const GIT = ["--allow-env=GIT_DIR,GIT_WORK_TREE,GIT_COMMON_DIR,GIT_INDEX_FILE", "--allow-run=git"];
const PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  add: ["--allow-read", "--allow-write"],
  keys: [...GIT, "--allow-net", "--allow-read", "--allow-write"],
  token: ["--allow-read"],
  config: ["--allow-net", "--allow-read"],
  doctor: ["--allow-net", "--allow-read"],
  "check-secrets": ["--allow-read"],
  docs: ["--allow-read", "--allow-write=docs,supabase/functions/.env.example"],
  "edit-secrets": [...GIT, "--allow-read", "--allow-write"],
};

Deno.test("a command that only reads may not write, and one that needs no network has none", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  for (const [name, permissions] of Object.entries(PERMISSIONS)) {
    const flags = tasks[name].command.split(" ").filter((word: string) => word.startsWith("-"));
    assertEquals(flags.sort(), [...permissions].sort(), name);
  }
});
