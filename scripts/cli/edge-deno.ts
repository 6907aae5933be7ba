/** What the hosted runtime reports; the npm package of that version brings the binary. */
const EDGE_DENO = "deno@2.1.4";

/** Deno 2.1.4 trusts the system's certificates, such as a company proxy's, only if told to. */
export const EDGE_ENV = { DENO_TLS_CA_STORE: "system", DENO_NO_UPDATE_CHECK: "1" };

let path: Promise<string> | undefined;

/** The path of Deno in the hosted runtime's version, from npm; running it through `npx` would add a process. */
export function edgeDenoPath(): Promise<string> {
  return path ??= askForPath();
}

async function askForPath(): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("npx", {
    // It cannot read today's lock format.
    args: ["-y", EDGE_DENO, "eval", "--no-lock", "console.log(Deno.execPath())"],
    env: EDGE_ENV,
    stdin: "null",
  }).output();
  if (!success) throw new Error(`npx -y ${EDGE_DENO} failed:\n${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).trim();
}
