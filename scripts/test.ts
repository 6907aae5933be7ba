/**
 * Runs the tests, or checks the types, whether or not JSR can be reached. Only tests import `@std/*`, which lives
 * only on JSR; many networks reach npm but not JSR, and a test run must not depend on that. `import_map.json` stays the
 * one place that names versions.
 */
import { generateKeyPair } from "node:crypto";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { fetchUpstream } from "../supabase/functions/_shared/powersync/upstream.ts";
import { EDGE_ENV, edgeDenoPath } from "./cli/edge-deno.ts";

/** Tests that are run together: where they are, and which programs they run besides Deno. */
interface Group {
  readonly paths: readonly string[];
  readonly programs: readonly string[];
  /** Playwright reads /proc/sys when it is imported; hosts and clients run what they install. */
  readonly needsAll?: boolean;
  /** Runs several files at once; not where memory or time is measured. */
  readonly parallel?: boolean;
}

/** Left out of everyday runs, because it is slow or needs more than Node. */
const NOT_EVERYDAY = [
  "tests/deploy",
  "tests/browser",
  "tests/slow",
  "tests/hosts",
  "tests/clients",
  "tests/bench",
];

const EVERYDAY: Group = { paths: ["tests"], programs: ["git", "sh"], parallel: true };

const GROUPS: Readonly<Record<string, Group>> = {
  "--edge": { paths: ["tests/functions", "tests/attacks"], programs: [], parallel: true },
  "--deploy": { paths: ["tests/deploy"], programs: ["git", "npx", "sh"] },
  "--browser": { paths: ["tests/browser"], programs: [], needsAll: true },
  "--hosts": { paths: ["tests/hosts"], programs: [], needsAll: true },
  "--clients": { paths: ["tests/clients"], programs: [], needsAll: true },
  "--slow": { paths: ["tests/slow"], programs: ["git"] },
};

/** Tests may connect only to this computer. */
const LOOPBACK = "127.0.0.1,localhost,[::1]";

const JSR_TIMEOUT_MS = 3_000;

/** As many as the file that needs most. */
const RSA_PAIRS = 5;

/** Types are checked by `deno task check`, once for all. */
const UNCHECKED = "--no-check";

/** Two files more than there are cores: some wait for a server that starts, or for a limit to pass. */
const JOBS = `${navigator.hardwareConcurrency + 2}`;

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
  await Deno.copyFile(`${ROOT}tests/deno.lock`, `${folder}/deno.lock`);
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
    return (await fetchUpstream(url, { redirect: "follow" }, { timeoutMs: JSR_TIMEOUT_MS })).ok;
  } catch {
    return false;
  }
}

/**
 * Makes RSA key pairs for this run. One takes 0.1 s and more, and most files need one: together they cost more than
 * most tests.
 *
 * @returns The file that holds them, as private JWKs.
 */
async function makeRsaPairs(folder: string): Promise<string> {
  const jwks = await Promise.all(
    Array.from({ length: RSA_PAIRS }, async () => {
      const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
      return privateKey.export({ format: "jwk" });
    }),
  );
  const file = `${folder}/rsa-pairs.json`;
  await Deno.writeTextFile(file, JSON.stringify(jwks));
  return file;
}

async function command(args: readonly string[], folder: string): Promise<Deno.Command> {
  const modules = await moduleFlags(folder);
  const [mode = "", ...rest] = args;
  if (mode === "--check") {
    const checked = ["check", ...modules, "supabase", "scripts", "tests"];
    return new Deno.Command(Deno.execPath(), { args: checked, cwd: ROOT });
  }
  const isEdge = mode === "--edge";
  const edgeDeno = isEdge || mode === "--deploy" ? [await edgeDenoPath()] : [];
  const [deno = Deno.execPath()] = isEdge ? edgeDeno : [];
  const { paths, programs, needsAll, parallel } = GROUPS[mode] ?? EVERYDAY;
  const given = mode in GROUPS ? rest : args;
  // Flags are passed on as they are; where no file or folder is named, the whole group is meant.
  const isNamed = given.some((arg) => /^(\.\/)?tests\b|\.ts$/.test(arg));
  return new Deno.Command(deno, {
    args: [
      "test",
      UNCHECKED,
      // 2.1.4 cannot read today's lock format.
      ...(isEdge ? ["--no-lock", ...modules.filter((flag) => !flag.startsWith("--lock"))] : modules),
      ...(needsAll ? ["--allow-all"] : permissions([Deno.execPath(), ...edgeDeno, ...programs])),
      ...(parallel ? ["--parallel"] : []),
      ...given,
      ...(isNamed ? [] : paths),
      ...(mode in GROUPS ? [] : [`--ignore=${NOT_EVERYDAY.join()}`]),
    ],
    cwd: ROOT,
    env: {
      ...(isEdge ? EDGE_ENV : {}),
      TEST_RSA_PAIRS: Deno.env.get("TEST_RSA_PAIRS") ?? await makeRsaPairs(folder),
      DENO_JOBS: Deno.env.get("DENO_JOBS") ?? JOBS,
    },
  });
}

/** Tests read the repository, write to temporary folders, and run our commands with the same permissions. */
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

if (import.meta.main) {
  const args = Deno.args[0] === "--" ? Deno.args.slice(1) : Deno.args;
  const folder = await Deno.makeTempDir();
  try {
    Deno.exitCode = (await (await command(args, folder)).spawn().status).code;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
