/** A project as docs/hosts.md describes it: the functions' folder, the entry files, and the packages. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { copy } from "../support/dev_server.ts";
import { addPackages, nodePackage, run } from "../support/npm_project.ts";
import { putOwnClaims } from "../support/own_claims.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The hosts' runtimes and tools, at the versions that docs/hosts.md names. */
export const VERSIONS = {
  "node-22": "22.23.3",
  "node-24": "24.21.0",
  bun: "1.4.5",
  workerd: "1.20261117.1",
  esbuild: "0.28.2",
  srvx: "1.0.8",
  "@google-cloud/functions-framework": "5.0.5",
  "@azure/functions": "4.16.5",
  "@netlify/dev": "5.1.3",
};

/** Its tools are 231 MB, so CI leaves it out. */
export const IS_NETLIFY_LEFT_OUT = Deno.env.get("TEST_HOSTS_WITHOUT") === "netlify";

/** An installed project, in a temporary folder. */
export interface HostProject extends AsyncDisposable {
  /** Where an installed file is, such as a runtime. */
  installed(path: string): string;
  /**
   * Makes a folder of a host: what a reader of its section has, built by the section's line. `functions` replaces
   * the text of functions.ts.
   */
  prepare(host: string, functions?: string): Promise<string>;
}

/** Installs the packages that the functions import, with the page's lines, and the runtimes. */
export async function makeProject(): Promise<HostProject> {
  const folder = await Deno.makeTempDir();
  await run("sh", ["-ec", installLines()], { folder });
  await addPackages(folder, hostPackages());
  let folders = 0;
  return {
    installed: (path) => join(folder, "node_modules", path),
    async prepare(host, functions) {
      const own = join(folder, `${host}-${++folders}`);
      await copy(join(ROOT, "supabase/functions"), join(own, "supabase/functions"));
      await putOwnClaims(own);
      const text = functions ?? await Deno.readTextFile(join(ROOT, "docs/hosts/functions.ts"));
      await Deno.writeTextFile(join(own, "functions.ts"), text);
      await copy(join(ROOT, "docs/hosts", host), own);
      const build = buildLine(host);
      if (build !== undefined) {
        await run("sh", ["-c", build], { folder: own, bin: join(folder, "node_modules/.bin") });
      }
      return own;
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

function hostPackages(): Record<string, string> {
  const wanted = Object.entries(VERSIONS).filter(([name]) =>
    !(IS_NETLIFY_LEFT_OUT && name === "@netlify/dev")
  );
  return Object.fromEntries(
    wanted.map(([name, version]) => [name, name.startsWith("node-") ? nodePackage(version) : version]),
  );
}

/** The block of the page that makes a new project. */
function installLines(): string {
  const [, lines] = /^```sh\n(npm init .*?)^```$/ms.exec(readPage()) ?? [];
  if (lines === undefined) throw new Error("docs/hosts.md does not say how to make a project.");
  return lines;
}

/** The line that bundles a host's entry file. */
function buildLine(host: string): string | undefined {
  return /^npx (esbuild .*)$/m.exec(sectionOf(host))?.[1];
}

/** What the line that starts a host has after the program. */
export function startArgs(host: string): string[] {
  const [, args] = /^(?:PORT=3000 )?(?:node|bun|deno) (.*server\.ts)$/m.exec(sectionOf(host)) ?? [];
  if (args === undefined) throw new Error(`docs/hosts.md does not say how to start ${host}.`);
  return args.split(" ");
}

/** The section of docs/hosts.md that shows a host's entry file. */
function sectionOf(host: string): string {
  const folder = join(ROOT, "docs/hosts", host);
  const entry = [...Deno.readDirSync(folder)].find(({ name }) => name.endsWith(".ts"));
  if (entry === undefined) return "";
  const text = Deno.readTextFileSync(join(folder, entry.name));
  return readPage().split(/^## /m).find((section) => section.includes(text)) ?? "";
}

function readPage(): string {
  return Deno.readTextFileSync(join(ROOT, "docs/hosts.md"));
}
