import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { SUPABASE_CLI } from "./support/supabase_cli.ts";
import { deploySteps, readWorkflows } from "./support/workflow.ts";

const EXACT_PACKAGE = /^(@[\w-]+\/)?[\w-]+@\d+\.\d+\.\d+$/;

/** What npm and npx are told to install in a script. */
function packagesOf(script: string): string[] {
  return [...script.matchAll(/\b(?:npx|npm (?:install|i|exec|x))\b(.*)/g)].flatMap(([, rest = ""]) =>
    rest.trim().split(/\s+/).filter((word, index, words) =>
      !word.startsWith("-") && words[index - 1] !== "--prefix"
    )
  );
}

/** The secrets that an expression takes. */
function secretsIn(value: unknown): string[] {
  const taken = JSON.stringify(value ?? "").matchAll(/(?<![.\w])secrets(?:\.(\w+)|[[)])/g);
  return [...taken].map(([all, name]) => name ?? all);
}

Deno.test("every workflow pins its actions by full commit hash, reads the repository only and keeps no credentials", async () => {
  const workflows = await readWorkflows();
  assertEquals([...workflows.keys()].sort(), ["ci.yml", "deploy.yml"]);
  for (const [name, { text, workflow }] of workflows) {
    assertEquals(workflow.permissions, { contents: "read" }, name);
    assert(workflow.concurrency !== undefined, name);
    const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
    const actions = steps.flatMap(({ uses }) => uses ?? []);
    assert(actions.length > 0, name);
    for (const action of actions) {
      assertMatch(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
      // The version, which Renovate updates with the hash.
      assertMatch(text, RegExp(`${action} # v\\d+\\.\\d+\\.\\d+$`, "m"));
    }
    for (const step of steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"))) {
      assertEquals(step.with, { "persist-credentials": false }, name);
    }
    for (const { run = "" } of steps) {
      for (const installed of packagesOf(run)) assertMatch(installed, EXACT_PACKAGE, name);
      // A value in a script would be read as a part of it.
      assertEquals(run.includes("${{"), false, name);
    }
    for (const { "runs-on": runner } of Object.values(workflow.jobs)) {
      if (secretsIn(workflow).length > 0) assertMatch(runner, /^ubuntu-\d\d\.\d\d$/);
    }
  }
});

Deno.test("Renovate updates every package that a workflow installs, and its own patterns match", async () => {
  const { customManagers }: {
    customManagers: { managerFilePatterns: string[]; matchStrings: string[]; datasourceTemplate: string }[];
  } = JSON.parse(await Deno.readTextFile(new URL("../.github/renovate.json", import.meta.url)));
  const found = [...await readWorkflows()].flatMap(([name, { text }]) =>
    customManagers
      .filter(({ managerFilePatterns }) =>
        managerFilePatterns.some((pattern) => RegExp(pattern.slice(1, -1)).test(`.github/workflows/${name}`))
      )
      .flatMap(({ matchStrings }) => matchStrings.flatMap((match) => [...text.matchAll(RegExp(match, "g"))]))
      .map(({ groups }) => `${groups?.depName}@${groups?.currentValue}`)
  );
  const installed = (await deploySteps()).flatMap(({ run = "" }) => packagesOf(run));
  assertEquals(found.toSorted(), installed.toSorted());
  assertEquals(installed.map((name) => name.split("@")[0]).sort(), ["deno", "supabase"]);
  assert(installed.includes(SUPABASE_CLI));
});

Deno.test("CI runs the checks of .ci/run and has no secret; a deployment is started by hand and not cancelled", async () => {
  const workflows = await readWorkflows();
  const ci = workflows.get("ci.yml")?.workflow;
  assertEquals(ci?.jobs.run?.steps.at(-1)?.run, "bash .ci/run");
  assertEquals(secretsIn(ci), []);
  const deploy = workflows.get("deploy.yml")?.workflow;
  assertEquals(deploy?.on, { workflow_dispatch: null });
  assertEquals(deploy?.concurrency, { group: "deploy", "cancel-in-progress": false });
  assertEquals(Object.keys(deploy?.jobs ?? {}), ["deploy"]);
});

Deno.test("each secret is in the one kind of step that needs it, and nothing is downloaded beside it", async () => {
  const steps = await deploySteps();
  const { workflow } = (await readWorkflows()).get("deploy.yml") ?? {};
  assertEquals(
    steps.flatMap((step) => secretsIn(step).map((secret) => [step.name, secret])),
    [
      ["Write the secrets to a file", "POWERSYNC_SECRETS"],
      ["Set the secrets", "SUPABASE_ACCESS_TOKEN"],
      ["Deploy the functions", "SUPABASE_ACCESS_TOKEN"],
    ],
  );
  assertEquals([secretsIn(workflow?.env), secretsIn(workflow?.jobs.deploy?.env)], [[], []]);
  const [install, ...others] = steps.filter(({ run = "" }) => packagesOf(run).length > 0);
  assertEquals([install?.name, others], ["Install Deno and the Supabase CLI", []]);
  assertStringIncludes(install?.run ?? "", " --ignore-scripts ");
});

Deno.test("the file is checked before it is set, removed whatever happens, and gone when code is deployed", async () => {
  const steps = await deploySteps();
  assertEquals(steps.map(({ name, uses }) => name ?? uses?.split("@")[0]), [
    "actions/checkout",
    "Install Deno and the Supabase CLI",
    "Write the secrets to a file",
    "Check the file",
    "Set the secrets",
    "Remove the file",
    "Deploy the functions",
    "Check the deployment",
  ]);
  const [, , write, check, set, remove, ...after] = steps;
  const given = `steps.${write?.id}.outputs.given == 'true'`;
  assertEquals([check?.if, set?.if, remove?.if], [given, given, "always()"]);
  assertEquals(after.map((step) => step.if), [undefined, undefined]);
  assertMatch(check?.run ?? "", /^deno task check-secrets "\$RUNNER_TEMP\/\.env\.production"$/);
  for (const { run = "" } of after) assertEquals(run.includes(".env"), false);
  assertMatch(after[1]?.run ?? "", /^until deno task doctor -- --project "\$SUPABASE_PROJECT_REF"; do$/m);
});
