/**
 * Runs the tests, or checks the types, whether or not JSR can be reached. Only tests import `@std/*`, which lives on
 * JSR alone; many networks reach npm but not JSR, and a test run must not depend on that. `import_map.json` stays the
 * one place that names versions.
 */
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { EDGE_ENV, edgeDenoPath } from "./cli/edge-deno.ts";

/** Tests that are run together: where they are, and which programs beside Deno they run. */
interface Group {
  readonly paths: readonly string[];
  readonly programs: readonly string[];
  /** Playwright looks into /proc/sys when it is imported, which Deno allows nobody but those it allows everything. */
  readonly needsAll?: boolean;
}

/** What everyday runs leave out is too slow, or needs more than Node. */
const NOT_EVERYDAY = ["tests/deploy", "tests/browser", "tests/slow", "tests/bench"];

const EVERYDAY: Group = { paths: ["tests"], programs: ["git", "sh"] };

const GROUPS: Readonly<Record<string, Group>> = {
  "--edge": { paths: ["tests/functions"], programs: [] },
  "--deploy": { paths: ["tests/deploy"], programs: ["git", "npx", "sh"] },
  "--browser": { paths: ["tests/browser"], programs: [], needsAll: true },
  "--slow": { paths: ["tests/slow"], programs: ["git"] },
};

/** Where tests may connect to: nowhere but here. */
const LOOPBACK = "127.0.0.1,localhost,[::1]";

const JSR_TIMEOUT_MS = 3_000;

/** Stand-ins over Node's built-ins for what tests import from JSR. */
const ADAPTERS: Readonly<Record<string, string>> = {
  "@std/assert": "tests/support/std_assert.ts",
  "@std/dotenv": "tests/support/std_dotenv.ts",
};

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/**
 * The flags that bind `@std/*`, with a copy of the lock file: it has no entries for JSR where it was made without it,
 * and must not change with the network.
 *
 * @param folder Where to write what the flags name.
 */
async function moduleFlags(folder: string): Promise<string[]> {
  await Deno.copyFile(`${ROOT}deno.lock`, `${folder}/deno.lock`);
  const lock = `--lock=${folder}/deno.lock`;
  if (await reachesJsr()) return [lock];
  console.error("JSR cannot be reached: @std/assert and @std/dotenv are stand-ins over Node's built-ins.");
  const map: { imports: Record<string, string> } = JSON.parse(
    await Deno.readTextFile(`${ROOT}import_map.json`),
  );
  for (const [name, path] of Object.entries(ADAPTERS)) {
    map.imports[name] = new URL(`../${path}`, import.meta.url).href;
  }
  await Deno.writeTextFile(`${folder}/import_map.json`, JSON.stringify(map));
  return [`--import-map=${folder}/import_map.json`, lock];
}

async function reachesJsr(): Promise<boolean> {
  const url = new URL("@std/assert/meta.json", Deno.env.get("JSR_URL") ?? "https://jsr.io/");
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(JSR_TIMEOUT_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

async function command(args: readonly string[], modules: readonly string[]): Promise<Deno.Command> {
  const [mode = "", ...rest] = args;
  if (mode === "--check") {
    const checked = ["check", ...modules, "supabase", "scripts", "tests"];
    return new Deno.Command(Deno.execPath(), { args: checked, cwd: ROOT });
  }
  if (mode === "--edge") {
    const deno = await edgeDenoPath();
    // It cannot read today's lock format, and its type checker fails on Node's types; the current one has checked all.
    const unlocked = ["--no-lock", "--no-check", ...modules.filter((flag) => !flag.startsWith("--lock"))];
    return new Deno.Command(deno, {
      args: ["test", ...unlocked, ...permissions([deno]), ...chosen(rest, GROUPS[mode] ?? EVERYDAY)],
      cwd: ROOT,
      env: EDGE_ENV,
    });
  }
  const group = GROUPS[mode];
  const programs = [Deno.execPath(), ...(group ?? EVERYDAY).programs];
  if (mode === "--deploy") programs.push(await edgeDenoPath());
  const wanted = group === undefined
    ? [...chosen(args, EVERYDAY), `--ignore=${NOT_EVERYDAY.join()}`]
    : chosen(rest, group);
  return new Deno.Command(Deno.execPath(), {
    args: ["test", ...modules, ...(group?.needsAll ? ["--allow-all"] : permissions(programs)), ...wanted],
    cwd: ROOT,
  });
}

/** Tests read the repository, write to folders of their own, and run our commands, which may do as much as they. */
function permissions(programs: readonly string[]): string[] {
  return [
    "--no-prompt",
    `--allow-net=${LOOPBACK}`,
    "--allow-env",
    "--allow-read",
    `--allow-write=${tmpdir()}`,
    `--allow-run=${programs.join()}`,
  ];
}

/** Flags are passed on as they are; where no file or folder is named, the whole group is meant. */
function chosen(args: readonly string[], { paths }: Group): string[] {
  return args.some((arg) => /^(\.\/)?tests\b|\.ts$/.test(arg)) ? [...args] : [...args, ...paths];
}

if (import.meta.main) {
  const args = Deno.args[0] === "--" ? Deno.args.slice(1) : Deno.args;
  const folder = await Deno.makeTempDir();
  try {
    const { code } = await (await command(args, await moduleFlags(folder))).spawn().status;
    Deno.exitCode = code;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
