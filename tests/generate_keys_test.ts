import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { calculateJwkThumbprint, type JWK } from "jose";
import { Buffer } from "node:buffer";
import { parseEnv } from "node:util";
import { main } from "../scripts/generate-keys.ts";
import { FUNCTION_NAMES } from "../scripts/setup/function-names.ts";
import { loadKeyRing } from "../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../supabase/functions/_shared/powersync/settings.ts";
import { assertRefused, callCommand, callWithFile } from "./support/call_command.ts";
import { inFolder, type Ran, runTask } from "./support/run_script.ts";
import { serving } from "./support/serving.ts";

const FAST = ["--alg", "ES256"];

function keys(args: readonly string[]): Promise<Ran> {
  return callCommand(main, args);
}

/** The same with a file of this text, which may be missing. */
const keysIn = (text: string | undefined, ...args: readonly string[]) =>
  callWithFile(main, [...FAST, ...args], text);

/** The commands that set secrets, as names and values. */
function secretsSet({ stdout }: Ran): Record<string, string> {
  const commands = stdout.matchAll(/^supabase secrets set (\w+)=(\S+)$/gm);
  return Object.fromEntries(Array.from(commands, ([, name = "", value = ""]) => [name, value]));
}

function decode(secret: string | undefined): JWK {
  return JSON.parse(Buffer.from(secret ?? "", "base64").toString());
}

Deno.test("without any permission it prints the public JWK, then the three commands in order, then what to do next", async () => {
  const ran = await runTask("keys", [], { cwd: Deno.cwd(), permissions: [] });
  assertEquals([ran.code, ran.stderr], [0, ""]);
  const order = [
    "Public JWK:",
    "stays in your shell's history; with --env-file",
    "set POWERSYNC_PUBLIC_KEY=",
    "set POWERSYNC_PRIVATE_KEY=",
    "instance URL",
    "set 'POWERSYNC_URL=",
    "Then:",
  ];
  const places = order.map((text) => ran.stdout.indexOf(text));
  assert(places.every((place, index) => place > (places[index - 1] ?? -1)), places.join());
  const { POWERSYNC_PUBLIC_KEY, POWERSYNC_PRIVATE_KEY } = secretsSet(ran);
  const shown: unknown = JSON.parse(ran.stdout.split("\n").find((line) => line.startsWith("{")) ?? "");
  assertEquals(shown, decode(POWERSYNC_PUBLIC_KEY));
  assertEquals(decode(POWERSYNC_PRIVATE_KEY).alg, "RS256");
  assertEquals(Object.keys(decode(POWERSYNC_PUBLIC_KEY)).sort(), ["alg", "e", "kid", "kty", "n", "use"]);
});

for (const alg of ["RS256", "RS384", "RS512", "ES256", "ES384", "EdDSA"]) {
  Deno.test(`the secrets for ${alg} make a key ring of one key`, async () => {
    const ring = await loadKeyRing(readKeySecrets(secretsSet(await keys(["--alg", alg]))));
    assertEquals(ring.problems, []);
    assertEquals(ring.signing.map((key) => key.alg), [alg]);
    assertEquals(ring.published.map(({ kid }) => kid), ring.signing.map(({ kid }) => kid));
  });
}

Deno.test("the kid is powersync- and the start of the thumbprint, or what was given", async () => {
  const jwk = decode(secretsSet(await keys(FAST)).POWERSYNC_PUBLIC_KEY);
  const start = `${jwk.kid}`.replace(/^powersync-/, "");
  assert((await calculateJwkThumbprint(jwk)).startsWith(start) && start.length >= 10, jwk.kid);
  const given = secretsSet(await keys([...FAST, "--kid", "mine"]));
  assertEquals([given.POWERSYNC_PUBLIC_KEY, given.POWERSYNC_PRIVATE_KEY].map((key) => decode(key).kid), [
    "mine",
    "mine",
  ]);
});

Deno.test("--json prints the same for a machine", async () => {
  const report = JSON.parse((await keys([...FAST, "--json"])).stdout);
  assertEquals(decode(report.secrets.POWERSYNC_PUBLIC_KEY), report.publicJwk);
  assertEquals([report.kid, report.alg], [report.publicJwk.kid, "ES256"]);
  assertEquals(report.commands.set.length, 2);
});

Deno.test("--env-file writes a file that only its owner reads, and no private key is printed", async () => {
  await inFolder(async (folder) => {
    const ran = await runTask("keys", [...FAST, "--env-file", ".env.production"], { cwd: folder });
    assertEquals([ran.code, ran.stderr], [0, ""]);
    const path = `${folder}/.env.production`;
    const variables = parseEnv(await Deno.readTextFile(path));
    const { signing, problems } = await loadKeyRing(readKeySecrets(variables));
    assertEquals([signing.length, problems.length], [1, 0]);
    if (Deno.build.os !== "windows") assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    assertFalse(ran.stdout.includes(variables.POWERSYNC_PRIVATE_KEY ?? "none"));
    assertFalse(ran.stdout.includes(decode(variables.POWERSYNC_PRIVATE_KEY).d ?? "none"));
    assertEquals(ran.stdout.match(/^supabase secrets set.*$/gm), [
      "supabase secrets set --env-file .env.production",
    ]);
    // The URL is missing; other functions of the project are not deployed.
    assertMatch(
      ran.stdout,
      /^(deno|npx -y deno@2) task edit-secrets -- --env-file \.env\.production 'POWERSYNC_URL=https:/m,
    );
    assertStringIncludes(ran.stdout, `functions deploy ${FUNCTION_NAMES.join(" ")} --use-api`);
    const json = await keysIn(undefined, "--json");
    assertFalse(json.stdout.includes(parseEnv(json.text).POWERSYNC_PRIVATE_KEY ?? "none"));
  });
});

Deno.test("--env-file keeps the other lines and makes the file owner-only", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/.env`;
    const kept =
      '# mine\nPOWERSYNC_URL=https://a.example\n\nLONG="one\nPOWERSYNC_PRIVATE_KEY=two"\nexport X=1';
    await Deno.writeTextFile(path, `${kept}\nPOWERSYNC_PUBLIC_KEY=\n`, { mode: 0o644 });
    assertEquals((await keys([...FAST, "--env-file", path])).code, 0);
    const text = await Deno.readTextFile(path);
    assert(text.startsWith(`${kept}\nPOWERSYNC_PUBLIC_KEY=`), text.slice(0, 200));
    assertEquals(text.match(/^POWERSYNC_PUBLIC_KEY=/gm)?.length, 1);
    if (Deno.build.os !== "windows") assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  });
});

Deno.test("keys in the file are replaced with --force only", async () => {
  const { text: before } = await keysIn(undefined);
  const refused = await keysIn(before);
  assertRefused(refused, /POWERSYNC_PRIVATE_KEY.*--rotate.*--force/);
  assertEquals(refused.text, before);
  const { code, text } = await keysIn(before, "--force");
  assertEquals([code, text === before, text.match(/^POWERSYNC_PRIVATE_KEY=/gm)?.length], [0, false, 1]);
});

Deno.test("a key under a misspelt name is not replaced by another, unless with --force", async () => {
  const before = (await keysIn(undefined)).text.replace("PRIVATE_KEY=", "PRIVATEKEY=")
    .replace(/^POWERSYNC_PUBLIC_KEY=.*\n/m, "");
  for (const more of [[], ["--rotate"], ["--rotate", "--leaked"]]) {
    const refused = await keysIn(before, ...more);
    assertRefused(
      refused,
      /do not read POWERSYNC_PRIVATEKEY: they read POWERSYNC_PRIVATE_KEY\. Rename it to POWERSYNC_PRIVATE_KEY/,
    );
    assertEquals(refused.text, before);
  }
  assertEquals((await keysIn(before, "--force")).code, 0);
});

Deno.test("what else must be corrected in the file is said before the upload", async () => {
  const faulty = "POWERSYNC_URL=https://<instance>.example\nPOWERSYNC_TOKEN_TTL=1h\n";
  assertMatch(
    (await keysIn(faulty)).stdout,
    /correct:\n- POWERSYNC_TOKEN_TTL .* 3600\n- POWERSYNC_URL is .*, a placeholder.*\n[^]*secrets set/,
  );
  const good = "POWERSYNC_URL=https://sync.example.org\n";
  assertFalse((await keysIn(good)).stdout.includes("correct"));
  for (const [text, uploadable] of [[faulty, false], [good, true]] as const) {
    assertEquals(JSON.parse((await keysIn(text, "--json")).stdout).uploadable, uploadable);
  }
});

Deno.test("a key in the file for this computer is marked as local, and has no command that uploads it", async () => {
  await inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/supabase/functions`, { recursive: true });
    const path = `${folder}/supabase/functions/.env`;
    const { code, stdout } = await keys([...FAST, "--env-file", path]);
    assertEquals(code, 0);
    assertFalse(stdout.includes("secrets set"));
    const { POWERSYNC_PRIVATE_KEY } = parseEnv(await Deno.readTextFile(path));
    assertMatch(`${decode(POWERSYNC_PRIVATE_KEY).kid}`, /^dev-/);
  });
});

Deno.test("a file with a dev- key or a loopback URL must not be uploaded", async () => {
  const urls = ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:8080", "http://x.localhost"];
  const files: [string | undefined, ...string[]][] = [
    [undefined, "--kid", "dev-me"],
    ...urls.map((url): [string] => [`POWERSYNC_URL=${url}\n`]),
  ];
  for (const [text, ...args] of files) {
    const { stdout } = await keysIn(text, ...args);
    assertFalse(stdout.includes("secrets set"), stdout);
    assertMatch(stdout, /must not be uploaded[^]*--env-file \.env\.production/);
  }
  assertRefused(await keys([...FAST, "--kid", "dev-me"]), /--env-file supabase\/functions\/\.env/);
});

Deno.test("--jwks-url refuses a kid that is published, and says which are", async () => {
  const published = { keys: [{ kty: "EC", kid: "powersync-live" }] };
  const answers: Record<string, () => Response> = {
    "/jwks": () => Response.json(published),
    "/odd": () => Response.json({}),
  };
  const answer = ({ url }: Request) =>
    answers[new URL(url).pathname]?.() ?? new Response("no", { status: 404 });
  let closed = "";
  await serving(answer, async (url) => {
    closed = url;
    const ran = await keys([...FAST, "--jwks-url", `${url}/jwks`]);
    assertMatch(ran.stdout, /^Published now at .*: powersync-live$/m);
    const rotation = await keys([...FAST, "--rotate", "--json", "--jwks-url", `${url}/jwks`]);
    assertEquals(JSON.parse(rotation.stdout).published, ["powersync-live"]);
    assertRefused(await keys(["--kid", "powersync-live", "--jwks-url", `${url}/jwks`]), /already published/);
    assertRefused(await keys(["--jwks-url", `${url}/nothing`]), /HTTP 404/);
    assertRefused(await keys(["--jwks-url", `${url}/odd`]), /is not \{"keys":\[…\]\}\. Check the address/);
  });
  assertRefused(await keys(["--jwks-url", `${closed}/jwks`]), /could not be reached/);
  const unallowed = ["--jwks-url", `${closed}/jwks`];
  assertRefused(await runTask("keys", unallowed, { cwd: Deno.cwd(), permissions: [] }), /--allow-net/);
});

for (
  const [args, reason] of [
    [["--alg", "PS256"], /--alg.*RS256/],
    [["--kid", "two words"], /--kid/],
    [["--starts-in", "75m"], /--rotate/],
    [["--leaked"], /--leaked needs --rotate/],
    [["--rotate", "--leaked", "--starts-in", "2h"], /--starts-in/],
    [["--rotate", "--leaked", "--token-ttl", "300"], /--token-ttl/],
  ] as const
) {
  Deno.test(`${args.join(" ")} exits 1 with the reason`, async () => {
    assertRefused(await keys(args), reason);
  });
}
