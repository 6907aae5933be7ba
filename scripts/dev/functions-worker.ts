/**
 * Runs the functions as they are deployed. A new worker reads changed modules again, which a process that has imported
 * them cannot. Requests come as messages: a second port would be open to any page (DNS rebinding), and a configured
 * proxy could intercept it.
 */
import type { Log } from "../../supabase/functions/_shared/powersync/log.ts";
import type { FromWorker, FunctionRequest, FunctionResponse, ToWorker } from "./messages.ts";
import { linesOf } from "./log-lines.ts";
import { replaceEnvironment } from "./worker-environment.ts";

type Fetch = (request: Request) => Promise<Response>;
type Load = (options: { log: Log }) => Promise<Fetch>;

const LOADERS: Readonly<Record<string, Load>> = {
  "powersync-jwks": async (options) =>
    (await import("../../supabase/functions/powersync-jwks/index.ts")).powersyncJwks(options),
  "powersync-auth": async (options) =>
    (await import("../../supabase/functions/powersync-auth/index.ts")).powersyncAuth(options),
  "powersync-auth-anonymous": async (options) =>
    (await import("../../supabase/functions/powersync-auth-anonymous/index.ts"))
      .powersyncAuthAnonymous(options),
};

/** A worker's global scope, typed here because the project is checked with the types of a main thread. */
interface WorkerScope {
  onmessage: (event: MessageEvent<ToWorker>) => void;
  postMessage(message: FromWorker): void;
}

const scope = globalThis as unknown as WorkerScope;

const functions = new Map<string, Fetch>();

async function load(): Promise<void> {
  for (const [name, loadFunction] of Object.entries(LOADERS)) {
    const log: Log = (error) => linesOf(name, error).forEach((line) => console.error(line));
    functions.set(name, await loadFunction({ log }));
  }
}

async function respond({ id, name, url, method, headers, body }: FunctionRequest): Promise<FunctionResponse> {
  const request = new Request(url, {
    method,
    headers: headers.map(([header, value]): [string, string] => [header, value]),
    ...(body === undefined ? {} : { body }),
  });
  const response = await functions.get(name)?.(request) ?? new Response(null, { status: 404 });
  return {
    kind: "response",
    id,
    status: response.status,
    headers: [...response.headers],
    body: new Uint8Array(await response.arrayBuffer()),
  };
}

function send(message: FromWorker): void {
  scope.postMessage(message);
}

function oneLine(error: unknown): string {
  return `${error instanceof Error ? error.message : error}`.replace(/\s*\n[\s|~^]*/g, " ").trim();
}

scope.onmessage = ({ data }) => {
  if (data.kind === "request") return void respond(data).then(send);
  replaceEnvironment(data.environment);
  load().then(
    () => send({ kind: "report", problem: undefined }),
    (error: unknown) => send({ kind: "report", problem: oneLine(error) }),
  );
};
