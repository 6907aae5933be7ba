import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { main as doctor } from "../../scripts/doctor.ts";
import { main as editSecrets } from "../../scripts/edit-secrets.ts";
import { main as keys } from "../../scripts/generate-keys.ts";
import type { Report } from "../../scripts/doctor/report.ts";
import { readEnvFile } from "../../scripts/setup/env-file.ts";
import { callCommand } from "../support/call_command.ts";
import { type Deployment, withDeployment } from "../support/deployment.ts";
import { captureLog } from "../support/log.ts";
import { runPrinted } from "../support/printed_command.ts";
import { base64, PUBLISHABLE_KEY } from "../support/project.ts";
import { inFolder } from "../support/run_script.ts";
import { makeKey } from "../support/signing.ts";
import { answering, inEnvironment, json, type SetUp as Breakage } from "./examination.ts";

type Command = Parameters<typeof callCommand>[0];

const other = await makeKey("ES256", "powersync-other");
const PLACEHOLDER = "https://<instance>.powersync.journeyapps.com";

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

/** The tasks that are printed; each runs in a shell once, as a person pastes it, and then in this process. */
const TASKS: Readonly<Record<string, Command>> = { "edit-secrets": editSecrets, keys };
const ranInShell = new Set<string>();

/** Runs a command that the doctor printed: its own tasks, and what the Supabase CLI does to a deployment. */
async function run(command: string, { deployment }: SetUp): Promise<void> {
  const [, task = ""] = / task ([\w-]+) -- /.exec(command) ?? [];
  const main = TASKS[task];
  if (main !== undefined) {
    const ran = ranInShell.has(task)
      ? await callCommand(main, words(command.replace(/.* -- /, "")))
      : await runPrinted(command);
    ranInShell.add(task);
    assertEquals(ran.code, 0, `${command}\n${ran.stderr}`);
    return;
  }
  const [, verb, ...args] = words(command);
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

/** The text of a file with a fault in it; whatever is wrong there was uploaded as well. */
const FAULTS: Readonly<Record<string, (text: string, setUp: SetUp) => string>> = {
  "a cut key": (text, { key }) => text.replace(key, key.slice(0, 60)),
  "a misspelt name": (text) => text.replace("PRIVATE_KEY", "PRIVTE_KEY"),
  "swapped halves": (text) =>
    `${text.replace("PRIVATE", "PUBLIC")}POWERSYNC_PRIVATE_KEY=${base64(other.publicJwk)}\n`,
  "the public half of another key": (text) =>
    `${text}POWERSYNC_PUBLIC_KEY=${base64({ ...other.publicJwk, kid: "powersync-0123456789" })}\n`,
  "a private key in a public place": (text) => `${text}POWERSYNC_PUBLIC_KEY=${base64(other.privateJwk)}\n`,
  "two keys of one ID": (text) =>
    `${text}POWERSYNC_PRIVATE_KEY_2=${base64({ ...other.privateJwk, kid: "powersync-0123456789" })}\n`,
  "a lifetime that PowerSync refuses": (text) => `${text}POWERSYNC_TOKEN_TTL=90000\n`,
  "an unknown session check": (text) => `${text}POWERSYNC_SESSION_CHECK=always\n`,
  "an empty audience": (text) => `${text}POWERSYNC_AUDIENCE=,\n`,
  "an audience that is a placeholder": (text) => `${text}POWERSYNC_AUDIENCE=${PLACEHOLDER}\n`,
  "an audience that the instance does not have": (text, { deployment }) => {
    deployment.environment.POWERSYNC_AUDIENCE = "my-app";
    return `${text}POWERSYNC_AUDIENCE=my-app\n`;
  },
  "a URL that is a placeholder": (text) => text.replace(/URL=.*/, `URL=${PLACEHOLDER}`),
  "a page of the dashboard in the place of the URL": (text) =>
    text.replace(
      /URL=.*/,
      "URL=https://dashboard.powersync.com/org/1/project/2/instances/65a1b2c3d4e5f60718293a4b",
    ),
  "no URL": (text) => text.replace(/.*URL=.*/, ""),
  "a key in base64 twice": (text, { key }) => text.replace(key, btoa(key)),
  "two faults of form": (text, { key }) => text.replace(`=${key}`, `: ${btoa(key)}`),
  "JSON": (text) => {
    const members = text.trim().split("\n").map((line) => `  "${line.replace("=", '": "')}"`);
    return `{\n${members.join(",\n")}\n}\n`;
  },
  "a broken key beside none": (text) => text.replace("PRIVATE_KEY=ey", "PRIVATE_KEY_2=ey,"),
  "a key that is wrapped as in a shell": (text, { key }) =>
    text.replace(key, key.replace(/^.{76}/, "$&\\\n")),
  "a wrapped key": (text, { key }) => text.replace(key, key.replace(/^.{76}/, "$&\n")),
  "a key in UTF-16": (text) => `\ufeff${text}`,
};

/** A fault of the deployment alone; the file is in order. */
const DEPLOYED_FAULTS: Readonly<Record<string, Breakage>> = {
  "secrets that were not uploaded": inEnvironment({ POWERSYNC_PRIVATE_KEY: base64(other.privateJwk) }),
  "no secrets at all": inEnvironment({ POWERSYNC_PRIVATE_KEY: "" }),
  "another URL": inEnvironment({ POWERSYNC_URL: "https://old.powersync.journeyapps.com" }),
  "a lifetime that is not in the file": inEnvironment({ POWERSYNC_TOKEN_TTL: "1" }),
  "an audience that is not in the file": inEnvironment({ POWERSYNC_AUDIENCE: "," }),
  "another audience than the file's": inEnvironment({ POWERSYNC_AUDIENCE: "old-app" }),
  "the gateway's check": failing("powersync-jwks", 401, "UNAUTHORIZED_NO_AUTH_HEADER"),
  "a function that is missing": failing("powersync-auth-anonymous", 404, "NOT_FOUND"),
  "a function that does not start": failing("powersync-auth", 503, "BOOT_ERROR"),
};

function failing(name: string, status: number, code: string): Breakage {
  return answering(name, json({ code }, { status }));
}

/** Writes a fault into the file. */
async function breakFile(setUp: SetUp, change: (text: string, setUp: SetUp) => string): Promise<void> {
  const text = await Deno.readTextFile(setUp.path);
  const broken = change(text, setUp);
  assertNotEquals(broken, text);
  // PowerShell 5 writes UTF-16 with a byte order mark.
  const units = Array.from(broken, (unit) => unit.charCodeAt(0));
  const bytes = broken.startsWith("\ufeff") ? Uint16Array.from(units) : Uint8Array.from(units);
  await Deno.writeFile(setUp.path, new Uint8Array(bytes.buffer));
}

/** Runs a test with a set-up that is in order. */
function testSetUp(name: string, test: (setUp: SetUp) => Promise<void>): void {
  Deno.test(name, async () => {
    await withDeployment((deployment) =>
      inFolder(async (folder) => {
        await captureLog(async () => await test(await healthy(deployment, folder)));
      })
    );
  });
}

testSetUp("a URL that only the deployment knows is written into the file", async (setUp) => {
  const { deployment, path } = setUp;
  await breakFile(setUp, (text) => text.replace(/URL=.*/, `URL=${PLACEHOLDER}`));
  const args = ["--json", `--env-file=${path}`, `--project=${deployment.url}`];
  const known = await callCommand(doctor, [...args, `--publishable-key=${PUBLISHABLE_KEY}`]);
  const { first }: Report = JSON.parse(known.stdout);
  const [edit = "", ...others] = first?.fix?.commands ?? [];
  assert(edit.endsWith(` POWERSYNC_URL=${deployment.powersync}`), edit);
  assertEquals(others.length, 1);
  const unknown: Report = JSON.parse((await callCommand(doctor, args)).stdout);
  assertEquals([unknown.first?.cause, unknown.first?.fix?.commands], ["url-placeholder", []]);
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

testSetUp("a set-up in order is healthy", async (setUp) => {
  const { outcome, checks } = await examine(setUp);
  assertEquals([outcome, checks.filter(({ status }) => status === "failed")], ["healthy", []]);
});

for (const [fault, change] of Object.entries(FAULTS)) {
  testSetUp(`${fault} in the file: the printed commands heal it`, async (setUp) => {
    await breakFile(setUp, change);
    await assertHeals(setUp);
  });
}

for (const [fault, cause] of Object.entries(DEPLOYED_FAULTS)) {
  testSetUp(`${fault} in the deployment: the printed commands heal it`, async (setUp) => {
    await cause(setUp.deployment);
    await assertHeals(setUp);
  });
}
