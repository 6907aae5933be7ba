import { assert, assertEquals } from "@std/assert";
import { main as doctor } from "../../scripts/doctor.ts";
import type { Report } from "../../scripts/doctor/report.ts";
import { readEnvFile } from "../../scripts/setup/env-file.ts";
import { callCommand } from "../support/call_command.ts";
import { type Deployment, withDeployment } from "../support/deployment.ts";
import { captureLog } from "../support/log.ts";
import { runPrinted } from "../support/printed_command.ts";
import { base64, PUBLISHABLE_KEY } from "../support/project.ts";
import { inFolder } from "../support/run_script.ts";
import { makeKey } from "../support/signing.ts";

const other = await makeKey("ES256", "powersync-other");

/** A linked set-up: a deployment and the file that its secrets come from. */
interface SetUp {
  readonly deployment: Deployment;
  readonly path: string;
  /** The key that is in the file and deployed. */
  readonly key: string;
}

async function healthy(deployment: Deployment, folder: string): Promise<SetUp> {
  const path = `${folder}/secrets of my app.env`;
  const { POWERSYNC_PRIVATE_KEY: key = "", POWERSYNC_URL } = deployment.environment;
  await Deno.writeTextFile(path, `POWERSYNC_PRIVATE_KEY=${key}\nPOWERSYNC_URL=${POWERSYNC_URL}\n`);
  return { deployment, path, key };
}

async function examine({ deployment, path }: SetUp): Promise<Report> {
  const { stdout } = await callCommand(doctor, [
    "--json",
    `--env-file=${path}`,
    `--project=${deployment.url}`,
    `--powersync=${deployment.powersync}`,
    `--publishable-key=${PUBLISHABLE_KEY}`,
  ]);
  return JSON.parse(stdout);
}

/** Splits a command as a shell does: single quotes are all that the doctor uses. */
function words(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

/** Runs a command that the doctor printed: its own tasks, and what the Supabase CLI does to a deployment. */
async function run(command: string, { deployment }: SetUp): Promise<void> {
  const [program, verb = "", ...args] = words(command);
  if (program !== "supabase") {
    const { code, stderr } = await runPrinted(command);
    assertEquals(code, 0, `${command}\n${stderr}`);
    return;
  }
  const flags = args.slice(1).filter((arg) => arg !== "--yes");
  if (verb === "functions") {
    for (const name of Object.keys(deployment.instead)) delete deployment.instead[name];
  } else if (args[0] === "unset") {
    for (const name of flags) delete deployment.environment[name];
  } else if (flags[0] === "--env-file") {
    Object.assign(deployment.environment, await readEnvFile(flags[1] ?? ""));
  } else {
    Object.assign(deployment.environment, Object.fromEntries(flags.map((pair) => pair.split(/=(.*)/s))));
  }
}

/** A fault, and how it comes about. Whatever is wrong in the file was uploaded as well. */
const FAULTS: Readonly<Record<string, (setUp: SetUp) => Promise<unknown> | unknown>> = {
  "a cut key": ({ path, key }) => replace(path, key, key.slice(0, 60)),
  "a misspelt name": ({ path }) => replace(path, "POWERSYNC_PRIVATE_KEY", "POWERSYNC_PRIVTE_KEY"),
  "swapped halves": async ({ path, key }) => {
    await replace(path, `PRIVATE_KEY=${key}`, `PUBLIC_KEY=${key}`);
    await append(path, `POWERSYNC_PRIVATE_KEY=${base64(other.publicJwk)}`);
  },
  "the public half of another key": ({ path }) => {
    const { publicJwk } = other;
    return append(path, `POWERSYNC_PUBLIC_KEY=${base64({ ...publicJwk, kid: "powersync-0123456789" })}`);
  },
  "a private key in a public place": ({ path }) =>
    append(path, `POWERSYNC_PUBLIC_KEY=${base64(other.privateJwk)}`),
  "two keys of one ID": ({ path }) => {
    const { privateJwk } = other;
    return append(path, `POWERSYNC_PRIVATE_KEY_2=${base64({ ...privateJwk, kid: "powersync-0123456789" })}`);
  },
  "a lifetime that PowerSync refuses": ({ path }) => append(path, "POWERSYNC_TOKEN_TTL=90000"),
  "an unknown session check": ({ path }) => append(path, "POWERSYNC_SESSION_CHECK=always"),
  "an empty audience": ({ path }) => append(path, "POWERSYNC_AUDIENCE=,"),
  "an audience that is a placeholder": ({ path }) =>
    append(path, "POWERSYNC_AUDIENCE=https://<instance>.powersync.journeyapps.com"),
  "an audience that the instance does not have": async ({ path, deployment }) => {
    await append(path, "POWERSYNC_AUDIENCE=my-app");
    deployment.environment.POWERSYNC_AUDIENCE = "my-app";
  },
  "a URL that is a placeholder": ({ path, deployment }) =>
    replace(path, deployment.powersync, "https://<instance>.powersync.journeyapps.com"),
  "a page of the dashboard in the place of the URL": ({ path, deployment }) => {
    const page = "https://dashboard.powersync.com/org/1/project/2/instances/65a1b2c3d4e5f60718293a4b";
    return replace(path, deployment.powersync, page);
  },
  "no URL": ({ path, deployment }) => replace(path, `POWERSYNC_URL=${deployment.powersync}`, ""),
  "a key in UTF-16": async ({ path }) => {
    const text = await Deno.readTextFile(path);
    await Deno.writeFile(
      path,
      new Uint8Array(Uint16Array.from(`\ufeff${text}`, (unit) => unit.charCodeAt(0)).buffer),
    );
  },
  "a key in base64 twice": ({ path, key }) => replace(path, key, btoa(key)),
  "two faults of form": async ({ path, key }) => {
    await replace(path, `POWERSYNC_PRIVATE_KEY=${key}`, `POWERSYNC_PRIVATE_KEY: ${btoa(key)}`);
  },
  "JSON": async ({ path }) => {
    const lines = Object.entries(await readEnvFile(path) ?? {}).map(([name, value]) =>
      `  "${name}": "${value}"`
    );
    await Deno.writeTextFile(path, `{\n${lines.join(",\n")}\n}\n`);
  },
  "a broken key beside none": ({ path }) => replace(path, "PRIVATE_KEY=ey", "PRIVATE_KEY_2=ey,"),
  "a key that is wrapped as in a shell": ({ path, key }) =>
    replace(path, key, `${key.slice(0, 76)}\\\n${key.slice(76)}`),
  "a wrapped key": ({ path, key }) => replace(path, key, `${key.slice(0, 76)}\n${key.slice(76)}`),
};

/** A fault of the deployment alone; the file is in order. */
const DEPLOYED_FAULTS: Readonly<Record<string, (setUp: SetUp) => unknown>> = {
  "secrets that were not uploaded": ({ deployment }) => {
    deployment.environment.POWERSYNC_PRIVATE_KEY = base64(other.privateJwk);
  },
  "no secrets at all": ({ deployment }) => delete deployment.environment.POWERSYNC_PRIVATE_KEY,
  "another URL": ({ deployment }) => {
    deployment.environment.POWERSYNC_URL = "https://old.powersync.journeyapps.com";
  },
  "a lifetime that is not in the file": ({ deployment }) => {
    deployment.environment.POWERSYNC_TOKEN_TTL = "1";
  },
  "an audience that is not in the file": ({ deployment }) => {
    deployment.environment.POWERSYNC_AUDIENCE = ",";
  },
  "another audience than the file's": ({ deployment }) => {
    deployment.environment.POWERSYNC_AUDIENCE = "old-app";
  },
  "the gateway's check": ({ deployment }) => {
    deployment.instead["powersync-jwks"] = () =>
      Response.json({ code: "UNAUTHORIZED_NO_AUTH_HEADER", message: "Missing authorization header" }, {
        status: 401,
      });
  },
  "a function that is missing": ({ deployment }) => {
    deployment.instead["powersync-auth-anonymous"] = () =>
      Response.json({ code: "NOT_FOUND", message: "Requested function was not found" }, { status: 404 });
  },
  "a function that does not start": ({ deployment }) => {
    deployment.instead["powersync-auth"] = () =>
      Response.json({ code: "BOOT_ERROR", message: "Function failed to start" }, { status: 503 });
  },
};

async function replace(path: string, from: string, to: string): Promise<void> {
  const text = await Deno.readTextFile(path);
  assert(text.includes(from));
  await Deno.writeTextFile(path, text.replaceAll(from, to));
}

async function append(path: string, line: string): Promise<void> {
  await Deno.writeTextFile(path, `${line}\n`, { append: true });
}

Deno.test("a URL that only the deployment knows is written into the file", async () => {
  await withDeployment((deployment) =>
    inFolder(async (folder) => {
      const { path } = await healthy(deployment, folder);
      await replace(path, deployment.powersync, "https://<instance>.powersync.journeyapps.com");
      const args = ["--json", `--env-file=${path}`, `--project=${deployment.url}`];
      const known = await callCommand(doctor, [...args, `--publishable-key=${PUBLISHABLE_KEY}`]);
      const { first }: Report = JSON.parse(known.stdout);
      const [edit = "", ...others] = first?.fix?.commands ?? [];
      assert(edit.endsWith(` POWERSYNC_URL=${deployment.powersync}`), edit);
      assertEquals(others.length, 1);
      const unknown: Report = JSON.parse((await callCommand(doctor, args)).stdout);
      assertEquals([unknown.first?.cause, unknown.first?.fix?.commands], ["url-placeholder", []]);
    })
  );
});

/** Does what the doctor says, until it finds nothing; a chain of faults would show here. */
async function assertHeals(setUp: SetUp): Promise<void> {
  const { first, outcome } = await examine(setUp);
  assertEquals(outcome, "faults");
  const { commands = [] } = first?.fix ?? {};
  assert(commands.length > 0, JSON.stringify(first));
  for (const command of commands) await run(command, setUp);
  const after = await examine(setUp);
  assertEquals(after.checks.filter(({ status }) => status === "failed"), [], commands.join("\n"));
}

Deno.test("a set-up in order is healthy", async () => {
  await withDeployment((deployment) =>
    inFolder(async (folder) => {
      const report = await examine(await healthy(deployment, folder));
      assertEquals([report.outcome, report.checks.filter(({ status }) => status === "failed")], [
        "healthy",
        [],
      ]);
    })
  );
});

const ALL = [
  ...Object.entries(FAULTS).map(([fault, cause]) => [`${fault} in the file`, cause] as const),
  ...Object.entries(DEPLOYED_FAULTS).map(([fault, cause]) => [`${fault} in the deployment`, cause] as const),
];

for (const [fault, cause] of ALL) {
  Deno.test(`${fault}: the printed commands heal it`, async () => {
    await withDeployment((deployment) =>
      inFolder(async (folder) => {
        await captureLog(async () => {
          const setUp = await healthy(deployment, folder);
          await cause(setUp);
          await assertHeals(setUp);
        });
      })
    );
  });
}
