import { join } from "node:path";
import { type DeployedFunction, startDeployed, unpack } from "./deployed_function.ts";
import type { ManagementApi } from "./management_api.ts";

/** All functions of a project, each in a process of its own. */
export interface DeployedFunctions extends AsyncDisposable {
  /** Where a function answers. */
  url(slug: string): string;
}

/**
 * Starts every uploaded function from its files alone.
 *
 * @param api Where they were uploaded to.
 * @param options `folder`: where to unpack them; `env`: their environment.
 */
export async function startAll(
  api: ManagementApi,
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
