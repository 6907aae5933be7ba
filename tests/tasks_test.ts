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

Deno.test("the README uploads the secrets of the production file and of no other", async () => {
  const readme = await Deno.readTextFile(new URL("README.md", ROOT));
  const uploaded = [...readme.matchAll(/secrets set .*--env-file[ =]([^\s`,]+)/g)].map(([, file]) => file);
  assert(uploaded.length > 0);
  assertEquals([...new Set(uploaded)], [PRODUCTION_ENV_FILE]);
});
