/** Hosts whose runtime runs here, each started as its section of docs/hosts.md says. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EDGE_ENV, edgeDenoPath } from "../../scripts/cli/edge-deno.ts";
import { type HostProject, startArgs, VERSIONS } from "./project.ts";
import { freePort, type HostProcess, startProcess } from "./process.ts";
import { workerdConfig } from "./workerd.ts";

/** Names and values of the functions' environment. */
export type Environment = Readonly<Record<string, string>>;

/** A host. */
export interface Host {
  /** As the table of docs/hosts.md has it. */
  readonly name: string;
  readonly version: string;
  /** The folder of its files in docs/hosts. */
  readonly folder: string;
  /** It writes into its folder, so that each start needs a new one. */
  readonly isFolderItsOwn?: true;
  command(options: StartOptions & { readonly port: number }): Command | Promise<Command>;
}

type Command = readonly [program: string, ...args: string[]];

interface StartOptions {
  readonly project: HostProject;
  /** Its prepared folder. */
  readonly folder: string;
  readonly environment: Environment;
}

/** Starts a host, on a free port. */
export async function startHost(host: Host, options: StartOptions): Promise<HostProcess> {
  const { project, environment } = options;
  const folder = host.isFolderItsOwn ? await project.prepare(host.folder) : options.folder;
  const port = freePort();
  const [program, ...args] = await host.command({ project, folder, environment, port });
  const variables = { ...environment, ...EDGE_ENV, HOST: "127.0.0.1", PORT: `${port}` };
  return await startProcess({ program, args, folder, environment: variables, port });
}

const ADAPTER = (name: string) => fileURLToPath(new URL(`./servers/${name}`, import.meta.url));

/** A host that runs Node, in each version that its users have. */
function onNode(name: string, folder: string, args: (options: StartOptions) => string[]): Host[] {
  return (["24", "22"] as const).map((major) => ({
    name,
    version: name === "Node" ? VERSIONS[`node-${major}`] : `Node ${VERSIONS[`node-${major}`]}`,
    folder,
    command: (options) => [options.project.installed(`node-${major}/bin/node`), ...args(options)],
  }));
}

/** An entry file behind an adapter that plays the platform. */
function adapted(adapter: string, entry: string) {
  return ({ folder }: StartOptions) => [ADAPTER(adapter), join(folder, entry)];
}

function deno(version: string, program: () => string | Promise<string>): Host {
  const [serve = "", ...args] = startArgs("deno");
  return {
    name: "Deno",
    version,
    folder: "deno",
    command: async ({ port }) => {
      const flags = ["--quiet", "--no-lock", "--no-prompt", "--host=127.0.0.1", `--port=${port}`];
      return [await program(), serve, ...flags, ...args];
    },
  };
}

/** Cloudflare's runtime itself. */
function workerd(compatibilityDate: string): Host {
  return {
    name: "Cloudflare Workers",
    version: `workerd ${VERSIONS.workerd}, compatibility date ${compatibilityDate}`,
    folder: "cloudflare",
    async command({ project, folder, environment, port }) {
      const config = join(folder, "dist", `workerd-${port}.capnp`);
      const options = { port, environment, compatibilityDate };
      await Deno.writeTextFile(config, await workerdConfig(join(folder, "dist"), options));
      const platform = `${Deno.build.os}-${Deno.build.arch === "x86_64" ? "64" : "arm64"}`;
      return [project.installed(`@cloudflare/workerd-${platform}/bin/workerd`), "serve", config];
    },
  };
}

export const HOSTS: readonly Host[] = [
  ...onNode("Node", "node", () => startArgs("node")),
  ...onNode("AWS Lambda", "aws-lambda", adapted("lambda.mjs", "dist/lambda.mjs")),
  ...onNode("Google Cloud Functions", "google", ({ project }) => [
    project.installed("@google-cloud/functions-framework/build/src/main.js"),
    "--target=powersync",
  ]),
  ...onNode("Azure Functions", "azure", adapted("azure.mjs", "dist/index.mjs")),
  {
    name: "Netlify Functions",
    version: `@netlify/dev ${VERSIONS["@netlify/dev"]}, Node ${VERSIONS["node-24"]}`,
    folder: "netlify",
    isFolderItsOwn: true,
    command: ({ project }) => [
      project.installed("node-24/bin/node"),
      ADAPTER("netlify.mjs"),
      project.installed("@netlify/dev/dist/main.js"),
    ],
  },
  {
    name: "Bun",
    version: VERSIONS.bun,
    folder: "bun",
    command: ({ project }) => [project.installed("bun/bin/bun.exe"), ...startArgs("bun")],
  },
  deno(Deno.version.deno, () => Deno.execPath()),
  deno("2.1.4", edgeDenoPath),
  workerd("2026-11-01"),
  // Before 2024-10-14 a promise of a request that has ended never settles; since then, a wait for it is rejected.
  workerd("2024-10-01"),
];
