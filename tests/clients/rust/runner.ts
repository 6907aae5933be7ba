/** Builds the program that runs the Rust connector, where that is possible. */
import { fileURLToPath } from "node:url";

/** powersync 0.2.0 uses what is stable since Rust 1.96. */
const MINIMUM_MINOR = 96;

/** Where bindgen, which powersync's build script uses, finds libclang; LIBCLANG_PATH comes first. */
const LIBRARY_FOLDERS = ["/usr/lib64", "/usr/local/lib", "/Library/Developer/CommandLineTools/usr/lib"];

/** Of libclang, not of libclang-cpp. */
const LIBCLANG = /^libclang(-\d[\d.]*)?\.(so|dylib)/;

/** The path of the program, or why there is none. */
export type Runner = { readonly program: string } | { readonly missing: string };

/** Takes a minute and a half the first time; what it compiles stays in the user's cache. */
export async function buildRunner(): Promise<Runner> {
  const toolchain = await findToolchain();
  if (toolchain === undefined) return { missing: `cargo 1.${MINIMUM_MINOR} or a newer nightly` };
  if (!hasLibclang()) return { missing: "libclang (Debian: libclang-dev)" };
  const target = Deno.env.get("CARGO_TARGET_DIR") ?? `${cacheFolder()}/powersync-auth-tests/rust`;
  const { success, stderr } = await cargo([
    ...toolchain,
    "build",
    "--locked",
    "--quiet",
    "--manifest-path",
    fileURLToPath(new URL("./Cargo.toml", import.meta.url)),
    "--target-dir",
    target,
  ]);
  if (!success) throw new Error(`The Rust connector does not compile:\n${stderr}`);
  return { program: `${target}/debug/connector-runner` };
}

/** The arguments that choose a toolchain that is new enough. */
async function findToolchain(): Promise<string[] | undefined> {
  for (const toolchain of [[], ["+nightly"]]) {
    const { stdout } = await cargo([...toolchain, "--version"]);
    const [, minor = 0] = /^cargo 1\.(\d+)/.exec(stdout) ?? [];
    if (Number(minor) >= MINIMUM_MINOR) return toolchain;
  }
  return undefined;
}

function hasLibclang(): boolean {
  const folders = [Deno.env.get("LIBCLANG_PATH") ?? "", ...LIBRARY_FOLDERS];
  for (const name of namesIn("/usr/lib")) {
    if (/^llvm|-linux-gnu$/.test(name)) folders.push(`/usr/lib/${name}`, `/usr/lib/${name}/lib`);
  }
  return folders.some((folder) => namesIn(folder).some((name) => LIBCLANG.test(name)));
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch {
    return [];
  }
}

function cacheFolder(): string {
  return Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
}

async function cargo(args: string[]): Promise<{ success: boolean; stdout: string; stderr: string }> {
  const [stdout, stderr] = [new TextDecoder(), new TextDecoder()];
  try {
    // A missing toolchain is not installed by asking for its version.
    const env = { RUSTUP_AUTO_INSTALL: "0" };
    const output = await new Deno.Command("cargo", { args, env }).output();
    return {
      success: output.success,
      stdout: stdout.decode(output.stdout),
      stderr: stderr.decode(output.stderr),
    };
  } catch (error) {
    return { success: false, stdout: "", stderr: `${error}` };
  }
}
