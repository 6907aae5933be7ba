import { dirname, join } from "node:path";
import { EDGE_ENV, edgeDenoPath } from "../../scripts/cli/edge-deno.ts";
import type { ManagementApi, Upload } from "./management_api.ts";
import { environmentWithout } from "./supabase_cli.ts";

/** A function that runs from its uploaded files. */
interface DeployedFunction extends AsyncDisposable {
  readonly url: string;
}

/**
 * Writes what was uploaded, and nothing else, into a folder.
 *
 * @param upload The function.
 * @param folder An empty folder.
 */
export async function unpack(upload: Upload, folder: string): Promise<void> {
  for (const [path, content] of upload.files) {
    await Deno.mkdir(join(folder, dirname(path)), { recursive: true });
    await Deno.writeFile(join(folder, path), content);
  }
}

/**
 * Starts a function on the hosted runtime's Deno from its unpacked files.
 *
 * @param upload The function.
 * @param options `folder`: where it was unpacked; `env`: its whole environment, as far as ours and the platform's go.
 */
async function startDeployed(
  upload: Upload,
  { folder, env }: { folder: string; env: Record<string, string> },
): Promise<DeployedFunction> {
  const process = new Deno.Command(await edgeDenoPath(), {
    args: [
      "serve",
      "--no-lock",
      "--no-prompt",
      "--allow-env",
      "--allow-net",
      "--host=127.0.0.1",
      "--port=0",
      ...moduleFlags(upload),
    ],
    cwd: folder,
    env: { ...environmentWithout(/^(SUPABASE|POWERSYNC)_/), ...EDGE_ENV, NO_COLOR: "1", ...env },
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const said = process.stderr.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  let text = "";
  let url: string | undefined;
  while ((url = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0]) === undefined) {
    const { done, value } = await said.next();
    if (done) throw new Error(`${upload.slug} did not start:\n${text}`);
    text += value;
  }
  const drained = (async () => {
    while (!(await said.next()).done);
  })();
  return {
    url,
    async [Symbol.asyncDispose]() {
      process.kill("SIGTERM");
      await Promise.all([process.status, drained]);
    },
  };
}

/**
 * The files that an unpacked function needs, as Deno itself resolves them, its import map not counted.
 *
 * @returns Paths within the folder. A missing one shows as itself.
 */
export async function neededFiles(upload: Upload, folder: string): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(await edgeDenoPath(), {
    args: ["info", "--json", "--no-lock", ...moduleFlags(upload)],
    cwd: folder,
    env: EDGE_ENV,
  }).output();
  if (!success) throw new Error(`deno info failed:\n${new TextDecoder().decode(stderr)}`);
  const graph: { modules: { specifier: string }[] } = JSON.parse(new TextDecoder().decode(stdout));
  const base = `file://${await Deno.realPath(folder)}/`;
  return graph.modules.map(({ specifier }) => specifier).filter((specifier) => specifier.startsWith(base))
    .map((specifier) => specifier.slice(base.length));
}

function moduleFlags({ slug, metadata }: Upload): string[] {
  const { entrypoint_path: entrypoint, import_map_path: importMap } = metadata;
  if (typeof entrypoint !== "string") throw new Error(`${slug} was uploaded without an entrypoint.`);
  return [...(typeof importMap === "string" ? [`--import-map=${importMap}`] : []), entrypoint];
}

/** All functions of a project, each in a process of its own. */
export interface DeployedFunctions extends AsyncDisposable {
  /** Where a function answers. */
  url(slug: string): string;
}

/**
 * Starts every uploaded function from its uploaded files only.
 *
 * @param api Where they were uploaded to.
 * @param options `folder`: where to unpack them; `env`: their environment.
 */
export async function startAll(
  api: Pick<ManagementApi, "uploads">,
  { folder, env }: { folder: string; env: Record<string, string> },
): Promise<DeployedFunctions> {
  const running = new Map<string, DeployedFunction>();
  await using started = new AsyncDisposableStack();
  for (const upload of api.uploads.values()) {
    const own = join(folder, upload.slug);
    await unpack(upload, own);
    running.set(upload.slug, started.use(await startDeployed(upload, { folder: own, env })));
  }
  const kept = started.move();
  return {
    url(slug) {
      const found = running.get(slug);
      if (found === undefined) throw new Error(`${slug} was not deployed.`);
      return found.url;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
