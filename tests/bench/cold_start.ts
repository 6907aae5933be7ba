/**
 * Cold starts: from the start of a process to its first answer, and the processor time of it, beside an empty server of
 * the same kind. On both versions of Deno for each function as it is deployed, and on Node, Bun and workerd for the three
 * functions at one address. Everything is compared within this run, in turns; medians are shown.
 */
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { type Host, HOSTS, startHost } from "../hosts/hosts.ts";
import { makeProject } from "../hosts/project.ts";
import type { HostProcess } from "../hosts/process.ts";
import { loadedCode } from "./code.ts";
import { CALLERS, environmentFor, WAYS } from "./project.ts";
import { denoVersions, MODULES, startServer } from "./servers.ts";
import { cpuSeconds, median, warnIfBusy } from "./stats.ts";

const ROUNDS = Number(Deno.args[0] ?? 15);
const EMPTY = "empty server";

/** What starts a server, and waits for its first answer. */
type Starts = ReadonlyMap<string, () => Promise<HostProcess>>;

const auth = new AuthStandIn();
const environment = await environmentFor("ES256", auth.url);
await using project = await makeProject();

async function measure(kind: string, starts: Starts): Promise<void> {
  const measured = new Map(
    [...starts.keys()].map((what) => [what, { ms: [] as number[], cpu: [] as number[] }]),
  );
  // The first round fills the caches of the disk and of compiled code.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [what, start] of starts) {
      const from = performance.now();
      await using server = await start();
      const ms = performance.now() - from;
      if (round === 0) continue;
      measured.get(what)?.ms.push(ms);
      measured.get(what)?.cpu.push(await cpuSeconds(server.pid) * 1000);
    }
  }
  const empty = measured.get(EMPTY) ?? { ms: [], cpu: [] };
  for (const [what, { ms, cpu }] of measured) {
    const way = WAYS.find(({ name, caller }) => what === `${name}, ${caller}`);
    // Of each round's pair: other work on the machine then weighs on both.
    const ratio = (own: readonly number[], other: readonly number[]) =>
      median(own.map((value, round) => value / (other[round] ?? NaN))).toFixed(2);
    const cells = [
      kind,
      what,
      `${median(ms).toFixed(0)} ms`,
      ratio(ms, empty.ms),
      // The other hosts load all three functions.
      kind.startsWith("Deno") ? way?.goal ?? "" : "",
      `${median(cpu).toFixed(0)} ms`,
      ratio(cpu, empty.cpu),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
  warnIfBusy(`the ${EMPTY} on ${kind}`, empty.ms);
}

/** The three functions at one address, or in their place an empty server, on another host than Deno. */
async function hostStarts(host: Host): Promise<Starts> {
  const empty = `export const powersyncFunctions = () => () => new Response(null);\n`;
  const folders = {
    own: await project.prepare(host.folder),
    empty: await project.prepare(host.folder, empty),
  };
  const starting = (folder: string, name: string, caller: keyof typeof CALLERS) => async () => {
    const server = await startHost(host, { project, folder, environment });
    await (await fetch(`${server.url}/${name}`, { headers: CALLERS[caller] })).body?.cancel();
    return server;
  };
  return new Map([
    [EMPTY, starting(folders.empty, "", "anybody")],
    ...WAYS.map(({ name, caller }): [string, () => Promise<HostProcess>] => [
      `${name}, ${caller}`,
      starting(folders.own, name, caller),
    ]),
  ]);
}

console.log("| module | files | code |\n|---|---|---|");
const folder = await project.prepare("node");
for (const name of Object.keys(MODULES).filter((name) => name.startsWith("powersync-"))) {
  const { files, kilobytes } = await loadedCode(project, folder, `supabase/functions/${name}/index.ts`);
  console.log(`| ${name} | ${files} | ${kilobytes.toFixed(0)} KB |`);
}

console.log(`\n${ROUNDS} cold starts each, ES256 key\n`);
console.log(
  "| on | what | to the first answer | ÷ empty | goal | processor time | ÷ empty |\n|---|---|---|---|---|---|---|",
);
for (const deno of await denoVersions()) {
  const starts = new Map([
    [EMPTY, () => startServer("empty", { environment, deno })],
    ...WAYS.map(({ name, caller }): [string, () => Promise<HostProcess>] => [
      `${name}, ${caller}`,
      () => startServer(name, { environment, headers: CALLERS[caller], deno }),
    ]),
  ]);
  await measure(deno.name, starts);
}
const others = ["node", "bun", "cloudflare"].map((folder) => HOSTS.find((host) => host.folder === folder));
for (const host of others.filter((host) => host !== undefined)) {
  await measure(`${host.name} ${host.version}`, await hostStarts(host));
}
await auth.stop();
