import { fileURLToPath } from "node:url";

/** What the functions are made of: their sources, their secrets and their packages. */
const WATCHED = ["../../supabase/functions/", "../../import_map.json"];

/** Editors save in several steps. */
const SETTLE_MS = 100;

/**
 * Calls back after sources or secrets have changed; never twice at once.
 *
 * @param onChange What to do.
 */
export function watchSources(onChange: () => Promise<void>): { close(): void } {
  const watcher = Deno.watchFs(WATCHED.map((path) => fileURLToPath(new URL(path, import.meta.url))));
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = Promise.resolve();
  const follow = async () => {
    for await (const { kind } of watcher) {
      if (kind === "access") continue;
      clearTimeout(timer);
      timer = setTimeout(() => running = running.then(onChange), SETTLE_MS);
    }
  };
  follow();
  return {
    close() {
      clearTimeout(timer);
      watcher.close();
    },
  };
}
