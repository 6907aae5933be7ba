/**
 * What must be measured from outside a process: requests per second and latency, and calls to the Auth server.
 * Everything is compared within this run, in turns, because the machine is shared; medians are shown.
 */
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { load, type LoadOptions, type LoadResult } from "./client.ts";
import { ALGORITHMS, CALLERS, environmentFor, WAYS } from "./project.ts";
import type { HostProcess } from "../hosts/process.ts";
import { startServer } from "./servers.ts";
import { cpuSeconds, median } from "./stats.ts";

const ROUNDS = Number(Deno.args[0] ?? 5);
const REQUESTS = 2_000;

const auth = new AuthStandIn();

/** The bytes and headers of a function's answer, for the constant server. */
async function constantLike(
  server: HostProcess,
  headers: Record<string, string>,
): Promise<Record<string, string>> {
  const response = await fetch(`http://127.0.0.1:${server.port}/`, { headers });
  const skipped = ["content-length", "date", "content-encoding"];
  const kept = [...response.headers].filter(([name]) => !skipped.includes(name));
  return { BENCH_BODY: await response.text(), BENCH_HEADERS: JSON.stringify(Object.fromEntries(kept)) };
}

/** Each way of calling a function, beside a server that answers the same bytes and headers. */
async function throughput(alg: string): Promise<void> {
  const environment = await environmentFor(alg, auth.url);
  for (const { name, caller } of WAYS) {
    const headers = CALLERS[caller];
    await using server = await startServer(name, { environment, headers });
    await using constant = await startServer("constant", {
      environment: await constantLike(server, headers),
    });
    for (const concurrency of [1, 16]) {
      const requests = name === "powersync-auth" ? REQUESTS / 4 : REQUESTS;
      const runs: { own: Measured; constant: Measured }[] = [];
      const calls = { ...auth.calls };
      for (let round = 0; round <= ROUNDS; round++) {
        const options = { headers, concurrency, requests };
        runs.push({
          own: await measured(server, options),
          constant: await measured(constant, options),
        });
      }
      // The first round warms up.
      runs.shift();
      const [rps, p50, p99, cpu] = (["requestsPerSecond", "p50Ms", "p99Ms", "cpuMs"] as const).map((key) =>
        median(runs.map(({ own }) => own[key]))
      );
      const ratio = median(
        runs.map((run) => run.own.requestsPerSecond / run.constant.requestsPerSecond),
      );
      const asked = auth.calls.jwks + auth.calls.user - calls.jwks - calls.user;
      console.log(
        `| ${alg} | ${concurrency} at once | ${name}, ${caller} | ${rps?.toFixed(0)}/s, p50 ${
          p50?.toFixed(2)
        } ms, p99 ${p99?.toFixed(2)} ms, CPU ${cpu?.toFixed(2)} ms, ` +
          `${(asked / ((ROUNDS + 1) * requests) * 1000).toFixed(0)} upstream calls per 1000 | ` +
          `${ratio.toFixed(2)} × constant |`,
      );
    }
  }
}

/** A load run and the processor time of the server for each request. */
type Measured = LoadResult & { readonly cpuMs: number };

async function measured(server: HostProcess, options: Omit<LoadOptions, "port">): Promise<Measured> {
  const before = await cpuSeconds(server.pid);
  const result = await load({ port: server.port, ...options });
  return { ...result, cpuMs: (await cpuSeconds(server.pid) - before) * 1000 / options.requests };
}

console.log("| key | measured | what | value | compared |\n|---|---|---|---|---|");
for (const alg of ALGORITHMS) await throughput(alg);
await auth.stop();
