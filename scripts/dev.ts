/**
 * Serves the three functions, a development Auth and a page on this computer: get and inspect a token without Docker, a
 * Supabase project or a PowerSync instance.
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError, runCommand } from "./cli/command.ts";
import { readFlags } from "./cli/flags.ts";
import { Invocation } from "./cli/invocation.ts";
import { startDevelopmentAuth } from "./dev/auth.ts";
import { Functions } from "./dev/functions.ts";
import { greeting } from "./dev/greeting.ts";
import { listen } from "./dev/listen.ts";
import { prepareSecrets, readLocalSecrets } from "./dev/local-secrets.ts";
import { isOrigin } from "./dev/origins.ts";
import { pageHandler } from "./dev/page.ts";
import { answer, type ServerParts } from "./dev/server.ts";
import { FUNCTION_NAMES } from "./setup/function-names.ts";
import { LOCAL_ENV_FILE } from "./setup/local-only.ts";
import { configuredPlatform, developmentPlatform, readShell } from "./setup/platform.ts";
import { openProject } from "./setup/project-folder.ts";

const HELP = `Serves the functions for development, with a development Auth unless SUPABASE_URL is set.

  deno task dev

  --dir PROJECT           the folder that holds supabase/ (default: this repository)
  --port PORT             default 54321, where Supabase clients look, or the next free one; 0 for any free port
  --host HOST             default 127.0.0.1; another address, or 0.0.0.0 for all, opens it to the network
  --allow-origin ORIGIN   also lets pages of this origin use the development Auth; may be repeated
  --help`;

const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));

/** Editors save in several steps. */
const SETTLE_MS = 100;

/** Reads the flags and serves until the process is ended. */
export async function main(args: readonly string[]): Promise<void> {
  const flags = readFlags(args, {
    "dir": { type: "string" },
    "port": { type: "string" },
    "host": { type: "string" },
    "allow-origin": { type: "string", multiple: true },
  });
  if (flags.help) return console.log(HELP);
  const { host = "127.0.0.1" } = flags;
  const wanted = { host, port: readPort(flags.port) };
  const allowedOrigins = readOrigins(flags["allow-origin"]);
  const invocation = await openProject(flags.dir);
  const root = resolve(flags.dir ?? REPOSITORY);
  const folder = resolve(root, "supabase", "functions");
  await assertHasFunctions(folder, invocation);
  const envFile = resolve(root, LOCAL_ENV_FILE);
  const secrets = await prepareSecrets(envFile);

  const started = Promise.withResolvers<ServerParts>();
  const again = (port: number) =>
    invocation.again("dev", { ...flags, port }, { named: ["port", "host", "allow-origin"], asked: [] });
  const withPort = flags.port === undefined ? undefined : again;
  const server = listen({ ...wanted, withPort }, async (request) => {
    return await answer(request, await started.promise);
  });
  const { port } = server.addr;
  const origin = `http://${reachableName(host)}:${port}`;

  const configured = configuredPlatform(secrets.variables, { shell: readShell(), port });
  const auth = configured === undefined ? await startDevelopmentAuth(`${origin}/auth/v1`) : undefined;
  const platform = configured ?? developmentPlatform(origin, auth?.jwks);
  await secrets.write();
  // From here on nothing is written.
  await Deno.permissions.revoke({ name: "write" });
  const readEnvironment = async () => ({ ...await readLocalSecrets(envFile), ...platform.variables });
  const functions = new Functions({ root, readEnvironment });
  const page = pageHandler({ origin, command: again(port), platform, envFile, functions });
  started.resolve({ functions, auth, page, host, port, allowedOrigins });
  // Windows knows no SIGTERM.
  for (const signal of Deno.build.os === "windows" ? ["SIGINT"] as const : ["SIGINT", "SIGTERM"] as const) {
    // The functions end with this process.
    Deno.addSignalListener(signal, () => Deno.exit());
  }
  // Before the greeting: whoever has read it may edit at once.
  const watcher = Deno.watchFs(folder);
  const addresses = isEveryAddress(host) ? networkAddresses() : [];
  const { added } = secrets;
  greeting({ origin, platform, added, addresses, port, invocation }).forEach((line) => console.log(line));
  // Not awaited: code that hangs or cannot be loaded is there to be edited.
  functions.load();
  let timer: ReturnType<typeof setTimeout> | undefined;
  for await (const { kind } of watcher) {
    if (kind === "access") continue;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      if (await functions.load()) console.log("Changed: the functions were loaded again.");
    }, SETTLE_MS);
  }
}

async function assertHasFunctions(folder: string, { dir = "." }: Invocation): Promise<void> {
  for (const name of FUNCTION_NAMES) {
    const path = resolve(folder, name, "index.ts");
    try {
      await Deno.stat(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new CommandError(
        `There is no ${path}: \`${new Invocation().task("add", dir)}\` copies the functions.`,
      );
    }
  }
}

function isEveryAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** A host name for URLs: "every address of this computer" is not an address that clients can connect to. */
function reachableName(host: string): string {
  if (isEveryAddress(host)) return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

function networkAddresses(): string[] {
  return Deno.networkInterfaces().filter(({ family, address }) =>
    family === "IPv4" && !/^(127|169\.254)\./.test(address)
  ).map(({ address }) => address);
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
