/** Packages from npm, in a temporary folder that whoever asked for it removes. */
import { join } from "node:path";
import { mustRun } from "./run_script.ts";

const { os, arch } = Deno.build;
/** How npm's packages of Node's binaries call this computer. */
const PLATFORM = `${os === "windows" ? "win" : os}-${arch === "x86_64" ? "x64" : "arm64"}`;

/** The package of a Node binary: `node_modules/<name it is installed as>/bin/node`. */
export function nodePackage(version: string): string {
  return `npm:node-${PLATFORM}@${version}`;
}

/**
 * Installs packages.
 *
 * @param flags Of `npm install`, besides those that keep it quiet.
 * @returns The folder that has `node_modules`.
 */
export async function installPackages(
  dependencies: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<string> {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify({ type: "module", dependencies }));
  await addPackages(folder, {}, flags);
  return folder;
}

/** Installs more packages in a folder, besides those that its package.json names. */
export async function addPackages(
  folder: string,
  packages: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<void> {
  const named = Object.entries(packages).map((entry) => entry.join("@"));
  await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", ...flags, ...named], {
    folder,
  });
}

/** Runs a program in a folder; `bin` goes before PATH. Throws what it printed if it fails. */
export async function run(
  program: string,
  args: readonly string[],
  { folder, bin }: { readonly folder: string; readonly bin?: string },
): Promise<void> {
  const path = Deno.env.get("PATH") ?? "";
  await mustRun(program, args, { cwd: folder, env: { PATH: bin === undefined ? path : `${bin}:${path}` } });
}
