/**
 * Runs the tests, or checks the types, whether or not JSR can be reached. Only tests import `@std/*`, which lives on
 * JSR alone; many networks reach npm but not JSR, and a test run must not depend on that. `import_map.json` stays the
 * one place that names versions.
 */
import { fileURLToPath } from "node:url";

/** What is run when, by folder. What everyday runs leave out is too slow, or needs more than Node. */
const GROUPS = {
  "--edge": ["tests/functions"],
  "--deploy": ["tests/deploy"],
  "--browser": ["tests/browser"],
  "--slow": ["tests/slow"],
} as const;

const NOT_EVERYDAY = "tests/deploy,tests/browser,tests/slow,tests/bench";

/** What the hosted runtime reports. */
const EDGE_DENO = "deno@2.1.4";

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
 * Writes an import map that binds `@std/*` to the adapters, and copies the lock file, which has no entries for JSR
 * where it was made without it and must not change with the network.
 *
 * @param folder Where to write.
 * @returns The flags that make Deno use both.
 */
export async function importFlags(folder: string): Promise<string[]> {
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

function command([mode = "", ...rest]: readonly string[], imports: readonly string[]): Deno.Command {
  const permissions = [
    `--allow-net=${LOOPBACK}`,
    "--allow-env",
    "--allow-read",
    "--allow-write",
    "--allow-run",
    "--allow-sys",
  ];
  if (mode === "--check") {
    return new Deno.Command(Deno.execPath(), {
      args: ["check", ...imports, "supabase", "scripts", "tests"],
      cwd: ROOT,
    });
  }
  if (mode === "--edge") {
    // Deno 2.1.4 cannot read today's lock format, its type checker fails on Node's types (the current one has checked
    // them anyway), and it trusts the system's certificates only when told to.
    const withoutLock = imports.filter((flag) => !flag.startsWith("--lock"));
    return new Deno.Command("npx", {
      args: [
        "-y",
        EDGE_DENO,
        "test",
        "--no-lock",
        "--no-check",
        ...withoutLock,
        ...permissions,
        ...chosen(rest, GROUPS[mode]),
      ],
      cwd: ROOT,
      env: { DENO_TLS_CA_STORE: "system" },
    });
  }
  const group = mode === "--deploy" || mode === "--browser" || mode === "--slow" ? GROUPS[mode] : undefined;
  const wanted = group === undefined
    ? [...chosen([mode, ...rest].filter((arg) => arg !== ""), ["tests"]), `--ignore=${NOT_EVERYDAY}`]
    : chosen(rest, group);
  return new Deno.Command(Deno.execPath(), {
    args: ["test", ...imports, ...permissions, ...wanted],
    cwd: ROOT,
  });
}

/** Flags are passed on as they are; without a path the whole group is meant. */
function chosen(args: readonly string[], group: readonly string[]): string[] {
  return args.some((arg) => !arg.startsWith("-")) ? [...args] : [...args, ...group];
}

if (import.meta.main) {
  const args = Deno.args[0] === "--" ? Deno.args.slice(1) : Deno.args;
  const folder = await Deno.makeTempDir();
  try {
    const { code } = await command(args, await importFlags(folder)).spawn().status;
    Deno.exitCode = code;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
