/** Builds the program that runs the Rust connector, where that is possible. */
import { fileURLToPath } from "node:url";

/** powersync 0.2.0 uses what is stable since Rust 1.96. */
const MINIMUM_MINOR = 96;

const MANIFEST = fileURLToPath(new URL("./Cargo.toml", import.meta.url));

/** The path of the program, or why there is none. */
export type Runner = { readonly program: string } | { readonly missing: string };

/** Takes a minute and a half the first time; what it compiles stays in the user's cache. */
export async function buildRunner(): Promise<Runner> {
  for (const toolchain of [[], ["+nightly"]]) {
    const [, minor = 0] = /^cargo 1\.(\d+)/.exec((await cargo([...toolchain, "--version"])).stdout) ?? [];
    if (Number(minor) >= MINIMUM_MINOR) return await build(toolchain);
  }
  return { missing: `cargo 1.${MINIMUM_MINOR} or a newer nightly` };
}

async function build(toolchain: readonly string[]): Promise<Runner> {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
  const target = Deno.env.get("CARGO_TARGET_DIR") ?? `${cache}/powersync-auth-tests/rust`;
  const flags = ["--locked", "--quiet", "--manifest-path", MANIFEST, "--target-dir", target];
  const { success, stderr } = await cargo([...toolchain, "build", ...flags]);
  if (success) return { program: `${target}/debug/connector-runner` };
  // Of bindgen, which powersync's build script uses.
  if (stderr.includes("Unable to find libclang")) return { missing: "libclang (Debian: libclang-dev)" };
  throw new Error(`The Rust connector does not compile:\n${stderr}`);
}

async function cargo(args: string[]): Promise<{ success: boolean; stdout: string; stderr: string }> {
  try {
    // A missing toolchain is not installed by asking for its version.
    const env = { RUSTUP_AUTO_INSTALL: "0" };
    const { success, stdout, stderr } = await new Deno.Command("cargo", { args, env }).output();
    return { success, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
  } catch (error) {
    return { success: false, stdout: "", stderr: `${error}` };
  }
}
