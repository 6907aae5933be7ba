import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { SUPABASE_CLI } from "./support/supabase_cli.ts";

const FOLDER = new URL("../.github/workflows/", import.meta.url);

async function readWorkflows(): Promise<Map<string, string>> {
  const workflows = new Map<string, string>();
  for await (const { name } of Deno.readDir(FOLDER)) {
    workflows.set(name, await Deno.readTextFile(new URL(name, FOLDER)));
  }
  return workflows;
}

Deno.test("every workflow pins its actions by full commit hash and may only read the repository", async () => {
  const workflows = await readWorkflows();
  assertEquals([...workflows.keys()].sort(), ["ci.yml", "deploy.yml"]);
  for (const [name, text] of workflows) {
    const actions = [...text.matchAll(/\buses: *(\S+)/g)].map(([, action]) => action ?? "");
    assert(actions.length > 0, name);
    for (const action of actions) assertMatch(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
    assertEquals([...text.matchAll(/permissions:\n +(.*)\n(?! )/g)].map(([, granted]) => granted), [
      "contents: read",
    ]);
  }
});

Deno.test("CI runs the checks of .ci/run; deploying is on demand, with the CLI that is tested", async () => {
  const workflows = await readWorkflows();
  assertMatch(workflows.get("ci.yml") ?? "", /- run: bash \.ci\/run\n/);
  const deploy = workflows.get("deploy.yml") ?? "";
  assertStringIncludes(deploy, "\non:\n  workflow_dispatch:\npermissions:\n");
  assertEquals([...deploy.matchAll(/supabase@[\d.]+/g)].map(String), [SUPABASE_CLI]);
  assertMatch(deploy, /functions deploy --use-api --project-ref "\$SUPABASE_PROJECT_REF" --yes/);
});

Deno.test("no secret is set by a workflow before the file was checked for development keys", async () => {
  const deploy = (await readWorkflows()).get("deploy.yml") ?? "";
  const lines = deploy.split("\n").map((line) => line.trim());
  const checked = lines.findIndex((line) => line.includes("deno@2 task check-secrets"));
  const set = lines.findIndex((line) => line.includes("secrets set"));
  assert(checked >= 0 && checked < set);
});
