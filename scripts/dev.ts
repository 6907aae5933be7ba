/**
 * Serves the three functions, a development Auth and a page on this computer, so that a token can be had and looked at
 * without Docker, a Supabase project or a PowerSync instance.
 */
import { fileURLToPath } from "node:url";
import { startDevelopmentAuth } from "./dev/auth.ts";
import { Functions } from "./dev/functions.ts";
import { greeting } from "./dev/greeting.ts";
import { addMissingSecrets, readLocalSecrets } from "./dev/local-secrets.ts";
import { applyEnvironment, configuredPlatform, developmentPlatform, type Platform } from "./dev/platform.ts";
import { pageHandler } from "./dev/page.ts";
import { answer, type ServerParts } from "./dev/server.ts";
import { watchSources } from "./dev/watch.ts";
import { CommandError, readFlags, runCommand } from "./flags.ts";
import { LOCAL_ENV_FILE } from "./keys/local-only.ts";

const HELP = `Serves the functions for development, with an Auth of their own unless SUPABASE_URL is set.

  deno task dev

  --port PORT   default 54321, where Supabase clients look; 0 takes a free one
  --host HOST   default 127.0.0.1; another address opens it to the network
  --help`;

const ENV_FILE = fileURLToPath(new URL(`../${LOCAL_ENV_FILE}`, import.meta.url));

/** Reads the flags and serves until the process is ended. */
export async function main(args: readonly string[]): Promise<void> {
  const flags = readFlags(args, { port: { type: "string" }, host: { type: "string" } });
  if (flags.help) return console.log(HELP);
  const shell = Deno.env.toObject();
  const host = flags.host ?? "127.0.0.1";
  const added = await addMissingSecrets(ENV_FILE);
  const secrets = await readLocalSecrets(ENV_FILE);

  const started = Promise.withResolvers<ServerParts>();
  const server = listen({ hostname: host, port: readPort(flags.port) }, async (request) => {
    return await answer(request, await started.promise);
  });
  const { port } = server.addr;
  const origin = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;

  const configured = configuredPlatform(shell, secrets);
  const auth = configured === undefined ? await startDevelopmentAuth(`${origin}/auth/v1`) : undefined;
  const platform = configured ?? developmentPlatform(origin, auth?.jwks);
  const functions = new Functions();
  await load(functions, platform);
  started.resolve({
    functions,
    auth,
    page: pageHandler({ origin, platform, envFile: ENV_FILE }),
    host,
    port,
  });
  greeting({ origin, platform, added }).forEach((line) => console.log(line));

  const watcher = watchSources(async () => {
    await load(functions, platform).then(
      () => console.log("Changed: the functions were loaded anew."),
      (error: unknown) => console.error(error instanceof CommandError ? error.message : `${error}`),
    );
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      watcher.close();
      functions.stop();
      Deno.exit(0);
    });
  }
  await server.finished;
}

/** Loads the functions with the secrets as they are in the file now. */
async function load(functions: Functions, platform: Platform): Promise<void> {
  applyEnvironment({ ...await readLocalSecrets(ENV_FILE), ...platform.variables });
  await functions.load();
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
      const { pathname } = new URL(request.url);
      console.log(
        `${response.status} ${request.method} ${pathname} ${Math.round(performance.now() - startedAt)} ms`,
      );
      return response;
    });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new CommandError(`Port ${port} is taken: end what uses it, or choose another with --port.`);
    }
    if (error instanceof Deno.errors.AddrNotAvailable || error instanceof TypeError) {
      throw new CommandError(`The address ${hostname} is none of this computer's: choose another --host.`);
    }
    throw error;
  }
}

function readPort(text = "54321"): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text);
  throw new CommandError("--port is not a number from 0 to 65535.");
}

if (import.meta.main) await runCommand(() => main(Deno.args));
