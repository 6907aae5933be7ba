/**
 * Serves the three functions, a development Auth and a page on this computer: get and inspect a token without Docker, a
 * Supabase project or a PowerSync instance.
 */
import { fileURLToPath } from "node:url";
import { CommandError, runCommand } from "./cli/command.ts";
import { readFlags } from "./cli/flags.ts";
import { Invocation } from "./cli/invocation.ts";
import { startDevelopmentAuth } from "./dev/auth.ts";
import { Functions } from "./dev/functions.ts";
import { greeting } from "./dev/greeting.ts";
import { addMissingSecrets, readLocalSecrets } from "./dev/local-secrets.ts";
import { isOrigin } from "./dev/origins.ts";
import { pageHandler } from "./dev/page.ts";
import { answer, type ServerParts } from "./dev/server.ts";
import { watchSources } from "./dev/watch.ts";
import { LOCAL_ENV_FILE } from "./setup/local-only.ts";
import { configuredPlatform, developmentPlatform, readShell } from "./setup/platform.ts";
import { jwksUrlOf } from "./setup/project-url.ts";

const HELP = `Serves the functions for development, with a development Auth unless SUPABASE_URL is set.

  deno task dev

  --port PORT             default 54321, where Supabase clients look; 0 for any free port
  --host HOST             default 127.0.0.1; another address opens it to the network
  --allow-origin ORIGIN   also lets pages of this origin use the development Auth; may be repeated
  --help`;

const ENV_FILE = fileURLToPath(new URL(`../${LOCAL_ENV_FILE}`, import.meta.url));

/** Characters of a path in the output. */
const MAX_SHOWN_PATH = 100;

/** Reads the flags and serves until the process is ended. */
export async function main(args: readonly string[]): Promise<void> {
  const flags = readFlags(args, {
    "port": { type: "string" },
    "host": { type: "string" },
    "allow-origin": { type: "string", multiple: true },
  });
  if (flags.help) return console.log(HELP);
  const host = flags.host ?? "127.0.0.1";
  const allowedOrigins = readOrigins(flags["allow-origin"]);
  const added = await addMissingSecrets(ENV_FILE);
  const secrets = await readLocalSecrets(ENV_FILE);

  const started = Promise.withResolvers<ServerParts>();
  const server = listen({ hostname: host, port: readPort(flags.port) }, async (request) => {
    return await answer(request, await started.promise);
  });
  const { port } = server.addr;
  const origin = `http://${reachableName(host)}:${port}`;

  const configured = configuredPlatform(secrets, { shell: readShell(), port });
  const auth = configured === undefined ? await startDevelopmentAuth(`${origin}/auth/v1`) : undefined;
  const platform = configured ?? developmentPlatform(origin, auth?.jwks);
  const functions = new Functions(async () => ({
    ...await readLocalSecrets(ENV_FILE),
    ...platform.variables,
  }));
  await functions.load();
  const jwks = () => functions.fetch("powersync-jwks", new Request(jwksUrlOf(origin)));
  started.resolve({
    functions,
    auth,
    page: pageHandler({ origin, platform, envFile: ENV_FILE, jwks }),
    host,
    port,
    allowedOrigins,
  });
  const watcher = watchSources({
    onSources: () => reload(functions),
    onPackages: () => console.log("Changed: import_map.json takes effect when you restart this command."),
  });
  // Windows knows no SIGTERM.
  for (const signal of Deno.build.os === "windows" ? ["SIGINT"] as const : ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      watcher.close();
      functions.stop();
      Deno.exit(0);
    });
  }
  greeting({ origin, platform, added, invocation: new Invocation() }).forEach((line) => console.log(line));
  await server.finished;
}

async function reload(functions: Functions): Promise<void> {
  try {
    if (await functions.load()) console.log("Changed: the functions were loaded again.");
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    console.error(error.message);
  }
}

/** A host name for URLs: "every address of this computer" is not an address that clients can connect to. */
function reachableName(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

function listen(
  { hostname, port }: { hostname: string; port: number },
  respond: (request: Request) => Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  const options = { hostname, port, onListen: () => {} };
  try {
    return Deno.serve(options, async (request) => {
      const startedAt = performance.now();
      const response = await respond(request);
      console.log(requestLine(request, response.status, performance.now() - startedAt));
      return response;
    });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new CommandError(`Port ${port} is in use: stop what uses it, or choose another with --port.`);
    }
    if (error instanceof Deno.errors.AddrNotAvailable || error instanceof TypeError) {
      throw new CommandError(`${hostname} is not an address of this computer: choose another --host.`);
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new CommandError(`Port ${port} needs administrator rights: choose one above 1023 with --port.`);
    }
    throw error;
  }
}

/** Never the query, which may hold a token. */
function requestLine({ method, url }: Request, status: number, milliseconds: number): string {
  const path = new URL(url).pathname;
  const shown = path.length > MAX_SHOWN_PATH ? `${path.slice(0, MAX_SHOWN_PATH)}…` : path;
  return `${status} ${method} ${shown} ${Math.round(milliseconds)} ms`;
}

function readPort(text = "54321"): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text);
  throw new CommandError("--port must be a number from 0 to 65535.");
}

function readOrigins(origins: readonly string[] = []): readonly string[] {
  if (origins.every(isOrigin)) return origins;
  throw new CommandError("--allow-origin must be an origin in lower case, such as https://app.example.com.");
}

if (import.meta.main) Deno.exit(await runCommand(() => main(Deno.args)));
