/** Editors save in several steps. */
const SETTLE_MS = 100;

/**
 * Calls back after a folder has changed: the functions' sources, their secrets, and the packages that they import.
 *
 * @param folder `supabase/functions`.
 * @param onChange It may be called again before it has finished.
 */
export function watchSources(folder: string, onChange: () => void): { close(): void } {
  const watcher = Deno.watchFs(folder);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const follow = async () => {
    for await (const { kind } of watcher) {
      if (kind === "access") continue;
      clearTimeout(timer);
      timer = setTimeout(onChange, SETTLE_MS);
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
