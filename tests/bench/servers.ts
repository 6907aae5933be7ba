import { fileURLToPath } from "node:url";
import { EDGE_ENV, edgeDenoPath } from "../../scripts/cli/edge-deno.ts";
import { DENO_DIR, freePort, type HostProcess, startProcess } from "../hosts/process.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** What is measured: the functions as they are deployed, and what they are compared with. */
export const MODULES = {
  "empty": path("./empty.ts"),
  "constant": path("./constant.ts"),
  "powersync-jwks": path("../../supabase/functions/powersync-jwks/index.ts"),
  "powersync-auth": path("../../supabase/functions/powersync-auth/index.ts"),
  "powersync-auth-anonymous": path("../../supabase/functions/powersync-auth-anonymous/index.ts"),
};

/** A Deno, and what it needs to start a module. */
export interface DenoVersion {
  readonly name: string;
  readonly program: string;
  readonly flags: readonly string[];
}

/** The current Deno, and the version of the hosted runtime, which cannot read today's lock format. */
export async function denoVersions(): Promise<readonly [DenoVersion, DenoVersion]> {
  return [
    { name: `Deno ${Deno.version.deno}`, program: Deno.execPath(), flags: [] },
    { name: "Deno 2.1.4", program: await edgeDenoPath(), flags: ["--no-lock"] },
  ];
}

/** Starts a module with `deno serve`, and waits for its first answer. */
export async function startServer(
  module: keyof typeof MODULES,
  { environment, headers = {}, deno }: {
    readonly environment: Readonly<Record<string, string>>;
    readonly headers?: Readonly<Record<string, string>>;
    readonly deno?: DenoVersion;
  },
): Promise<HostProcess> {
  const port = freePort();
  const server = await startProcess({
    program: deno?.program ?? Deno.execPath(),
    args: [
      "serve",
      "--quiet",
      "--no-check",
      ...deno?.flags ?? [],
      "--allow-env",
      "--allow-net",
      `--config=${path("../../deno.json")}`,
      "--host=127.0.0.1",
      `--port=${port}`,
      MODULES[module],
    ],
    folder: path("."),
    environment: { ...environment, ...EDGE_ENV, DENO_DIR },
    port,
  });
  await (await fetch(server.url, { headers })).body?.cancel();
  return server;
}
