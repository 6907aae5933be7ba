import { parse } from "npm:yaml@2.9.1";

const FOLDER = new URL("../../.github/workflows/", import.meta.url);

/** A step of a job, as far as the tests look at it. */
export interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly run?: string;
}

/** A job. */
export interface Job {
  readonly "runs-on": string;
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

/** A workflow of GitHub Actions. */
export interface Workflow {
  readonly on: unknown;
  readonly permissions: unknown;
  readonly concurrency: unknown;
  readonly env?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** Every workflow, its text and what it says, by the name of its file. */
export async function readWorkflows(): Promise<Map<string, { text: string; workflow: Workflow }>> {
  const workflows = new Map<string, { text: string; workflow: Workflow }>();
  for await (const { name } of Deno.readDir(FOLDER)) {
    const text = await Deno.readTextFile(new URL(name, FOLDER));
    workflows.set(name, { text, workflow: parse(text) });
  }
  return workflows;
}

/** The steps of the deployment, in their order. */
export async function deploySteps(): Promise<readonly Step[]> {
  return (await readWorkflows()).get("deploy.yml")?.workflow.jobs.deploy?.steps ?? [];
}
