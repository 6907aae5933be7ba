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
  /** Starts it in its prepared folder. */
  start(options: StartOptions): Promise<HostProcess>;
}

interface StartOptions {
  readonly project: HostProject;
  readonly folder: string;
  readonly environment: Environment;
}

const ADAPTER = (name: string) => fileURLToPath(new URL(`./servers/${name}`, import.meta.url));

/** A host that reads its environment and its port from the process; `isFolderItsOwn`: it writes into its folder. */
function processHost(
  { command, isFolderItsOwn, ...host }: Pick<Host, "name" | "version" | "folder"> & {
    readonly isFolderItsOwn?: true;
    readonly command: (
      options: StartOptions & { readonly port: number },
    ) => ReturnType<Command> | Promise<ReturnType<Command>>;
  },
): Host {
  return {
    ...host,
    async start(given) {
      const folder = isFolderItsOwn ? await given.project.prepare(host.folder) : given.folder;
      const options = { ...given, folder };
      const port = freePort();
      const [program, ...args] = await command({ ...options, port });
      const environment = { ...options.environment, ...EDGE_ENV, HOST: "127.0.0.1", PORT: `${port}` };
      return await startProcess({ program, args, folder: options.folder, environment, port });
    },
  };
}

type Command = (options: StartOptions) => [program: string, ...args: string[]];

/** A host that runs Node, in each version that its users have. */
function onNode(name: string, folder: string, args: (options: StartOptions) => string[]): Host[] {
  return (["24", "22"] as const).map((major) => {
    const version = VERSIONS[`node-${major}`];
    const command: Command = (
      options,
    ) => [options.project.installed(`node-${major}/bin/node`), ...args(options)];
    return processHost({ name, version: name === "Node" ? version : `Node ${version}`, folder, command });
  });
}

function denoArgs(port: number): string[] {
  const [serve = "", ...args] = startArgs("deno");
  return [serve, "--quiet", "--no-lock", "--no-prompt", "--host=127.0.0.1", `--port=${port}`, ...args];
}

/** Cloudflare's runtime itself. */
function workerd(compatibilityDate: string): Host {
  return {
    name: "Cloudflare Workers",
    version: `workerd ${VERSIONS.workerd}, compatibility date ${compatibilityDate}`,
    folder: "cloudflare",
    async start({ project, folder, environment }) {
      const port = freePort();
      const config = join(folder, "dist", `workerd-${port}.capnp`);
      const options = { port, environment, compatibilityDate };
      await Deno.writeTextFile(config, await workerdConfig(join(folder, "dist"), options));
      const { os, arch } = Deno.build;
      const platform = `${os}-${arch === "x86_64" ? "64" : "arm64"}`;
      const program = project.installed(`@cloudflare/workerd-${platform}/bin/workerd`);
      return await startProcess({ program, args: ["serve", config], folder, environment: {}, port });
    },
  };
}

export const HOSTS: readonly Host[] = [
  ...onNode("Node", "node", () => startArgs("node")),
  ...onNode(
    "AWS Lambda",
    "aws-lambda",
    ({ folder }) => [ADAPTER("lambda.mjs"), join(folder, "dist/lambda.mjs")],
  ),
  ...onNode("Google Cloud Functions", "google", ({ project }) => [
    project.installed("@google-cloud/functions-framework/build/src/main.js"),
    "--target=powersync",
  ]),
  ...onNode(
    "Azure Functions",
    "azure",
    ({ folder }) => [ADAPTER("azure.mjs"), join(folder, "dist/index.mjs")],
  ),
  processHost({
    name: "Netlify Functions",
    version: `@netlify/dev ${VERSIONS["@netlify/dev"]}, Node ${VERSIONS["node-24"]}`,
    folder: "netlify",
    isFolderItsOwn: true,
    command: ({ project }) => [
      project.installed("node-24/bin/node"),
      ADAPTER("netlify.mjs"),
      project.installed("@netlify/dev/dist/main.js"),
    ],
  }),
  processHost({
    name: "Bun",
    version: VERSIONS.bun,
    folder: "bun",
    command: ({ project }) => [project.installed("bun/bin/bun.exe"), ...startArgs("bun")],
  }),
  processHost({
    name: "Deno",
    version: Deno.version.deno,
    folder: "deno",
    command: ({ port }) => [Deno.execPath(), ...denoArgs(port)],
  }),
  processHost({
    name: "Deno",
    version: "2.1.4",
    folder: "deno",
    command: async ({ port }) => [await edgeDenoPath(), ...denoArgs(port)],
  }),
  workerd("2026-11-01"),
  // Before 2024-10-14 a promise of a request that has ended never settles; since then, a wait for it is rejected.
  workerd("2024-10-01"),
];
