import { assert, assertEquals } from "@std/assert";
import { PRODUCTION_ENV_FILE } from "../scripts/setup/local-only.ts";

const ROOT = new URL("../", import.meta.url);

Deno.test("no command of ours can upload a file: none may run the Supabase CLI, or npx, which could", async () => {
  const { tasks }: { tasks: Record<string, string> } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  );
  const scripts = Object.entries(tasks).filter(([name, task]) =>
    name !== "test" && task.startsWith("deno run")
  );
  assert(scripts.length >= 5);
  for (const [name, task] of scripts) {
    const flags = task.split(" ").filter((word) => /^(-A|--allow-all|--allow-run|--allow-ffi)/.test(word));
    for (const flag of flags) assertEquals(flag, "--allow-run=git", name);
  }
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
