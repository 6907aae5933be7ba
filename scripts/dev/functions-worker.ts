/**
 * Runs the functions as they are deployed. A new worker reads changed modules again, which a process that has imported
 * them cannot. Requests come as messages: a second port would be open to any page (DNS rebinding), and a configured
 * proxy could intercept it.
 */
import type { FromWorker, FunctionRequest, FunctionResponse, ToWorker } from "./messages.ts";
import { replaceEnvironment } from "./worker-environment.ts";

type FunctionModule = { default: { fetch(request: Request): Promise<Response> } };

const LOADERS: Readonly<Record<string, () => Promise<FunctionModule>>> = {
  "powersync-jwks": () => import("../../supabase/functions/powersync-jwks/index.ts"),
  "powersync-auth": () => import("../../supabase/functions/powersync-auth/index.ts"),
  "powersync-auth-anonymous": () => import("../../supabase/functions/powersync-auth-anonymous/index.ts"),
};

/** A worker's global scope, typed here because the project is checked with the types of a main thread. */
interface WorkerScope {
  onmessage: (event: MessageEvent<ToWorker>) => void;
  postMessage(message: FromWorker): void;
}

const scope = globalThis as unknown as WorkerScope;

const functions = new Map<string, FunctionModule["default"]>();

async function load(): Promise<void> {
  for (const [name, loadModule] of Object.entries(LOADERS)) functions.set(name, (await loadModule()).default);
}

async function respond({ id, name, url, method, headers, body }: FunctionRequest): Promise<FunctionResponse> {
  const request = new Request(url, {
    method,
    headers: headers.map(([header, value]): [string, string] => [header, value]),
    ...(body === undefined ? {} : { body }),
  });
  const response = await functions.get(name)?.fetch(request) ?? new Response(null, { status: 404 });
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
