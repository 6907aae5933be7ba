/** Functions that run from their uploaded files, and what the documentation promises of them. */
import { assertEquals } from "@std/assert";
import { dirname, join } from "node:path";
import { EDGE_ENV, edgeDenoPath } from "../../scripts/cli/edge-deno.ts";
import { AuthStandIn } from "./auth_stand_in.ts";
import { POWERSYNC_URL } from "./bundle.ts";
import { assertIssued, assertPreflights, assertPublished, assertRefusals, type Call } from "./contract.ts";
import { bearer, environmentOf } from "./functions.ts";
import type { ManagementApi, Upload } from "./management_api.ts";
import { PUBLISHABLE_KEY, signLegacyToken, USER_ID, userToken } from "./project.ts";
import { mustRun } from "./run_script.ts";
import { environmentWithout } from "./supabase_cli.ts";

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
): Promise<AsyncDisposable & { readonly url: string }> {
  const process = new Deno.Command(await edgeDenoPath(), {
    args: [
      ...["serve", "--no-lock", "--no-prompt", "--allow-env", "--allow-net", "--host=127.0.0.1", "--port=0"],
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
  const args = ["info", "--json", "--no-lock", ...moduleFlags(upload)];
  const info = await mustRun(await edgeDenoPath(), args, { cwd: folder, env: EDGE_ENV });
  const graph: { modules: { specifier: string }[] } = JSON.parse(info);
  const base = `file://${await Deno.realPath(folder)}/`;
  return graph.modules.map(({ specifier }) => specifier).filter((specifier) => specifier.startsWith(base))
    .map((specifier) => specifier.slice(base.length));
}

function moduleFlags({ slug, metadata }: Upload): string[] {
  const { entrypoint_path: entrypoint, import_map_path: importMap } = metadata;
  if (typeof entrypoint !== "string") throw new Error(`${slug} was uploaded without an entrypoint.`);
  return [...(typeof importMap === "string" ? [`--import-map=${importMap}`] : []), entrypoint];
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
): Promise<AsyncDisposable & { readonly url: (slug: string) => string }> {
  const running = new Map<string, { readonly url: string }>();
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

/** Starts a project's Auth server on loopback; `env` is what the platform puts into a function's environment. */
export function startSupabaseProject(): AsyncDisposable & { readonly env: Record<string, string> } {
  const auth = new AuthStandIn();
  const env = Object.entries(environmentOf(auth)).filter(([name]) => name.startsWith("SUPABASE_"));
  return { env: Object.fromEntries(env), [Symbol.asyncDispose]: () => auth.stop() };
}

/** Checks functions that were deployed with an RSA key against their documentation. */
export async function assertContract({ url }: { url: (slug: string) => string }): Promise<void> {
  const call: Call = (name, init = {}) => fetch(url(name), init);
  const { keys } = await assertPublished(call);
  const members = keys.map((key) => Object.keys(key).sort());
  assertEquals(members, [["alg", "e", "kid", "kty", "n", "use"]]);
  // The token is checked in the isolate, by the Auth server, and not at all: as supabase-js sends it without a session.
  const callers = [
    ["powersync-auth", await userToken(), USER_ID],
    ["powersync-auth", await signLegacyToken(), USER_ID],
    ["powersync-auth-anonymous", PUBLISHABLE_KEY, "anonymous"],
  ] as const;
  for (const [name, token, subject] of callers) {
    const headers = { apikey: PUBLISHABLE_KEY, ...bearer(token) };
    await assertIssued(call, name, { subject, powersyncUrl: POWERSYNC_URL, headers });
  }
  await assertRefusals(call);
  await assertPreflights(call);
}
