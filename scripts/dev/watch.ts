import { fileURLToPath } from "node:url";

/** What the functions are made of: their sources and their secrets, and the packages they import. */
const SOURCES = fileURLToPath(new URL("../../supabase/functions/", import.meta.url));
const PACKAGES = fileURLToPath(new URL("../../import_map.json", import.meta.url));

/** Editors save in several steps. */
const SETTLE_MS = 100;

/** What to do after a change. */
export interface ChangeListeners {
  /** Sources or secrets have changed. It may be called again before it has finished. */
  readonly onSources: () => Promise<void>;
  /** The import map has changed, which a process reads only once. */
  readonly onPackages: () => void;
}

/** Calls back after what the functions are made of has changed. */
export function watchSources({ onSources, onPackages }: ChangeListeners): { close(): void } {
  const watchers = [watch(SOURCES, onSources), watch(PACKAGES, onPackages)];
  return {
    close() {
      for (const watcher of watchers) watcher.close();
    },
  };
}

function watch(path: string, onChange: () => Promise<void> | void): { close(): void } {
  const watcher = Deno.watchFs(path);
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
