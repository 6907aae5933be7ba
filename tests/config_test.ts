import { assertEquals, assertFalse, assertMatch } from "@std/assert";
import { parseEnv } from "node:util";
import { configFile } from "npm:@powersync/service-types@0.17.0";
import { parse } from "npm:yaml@2.9.1";
import { main } from "../scripts/config.ts";
import { encodeSecret, makeKeyPair } from "../scripts/keys/key-pair.ts";
import { checkToken } from "../scripts/powersync/check-token.ts";
import { verdictOf } from "../scripts/powersync/result.ts";
import { makeSharedKey } from "../scripts/setup/shared-key.ts";
import { main as printToken } from "../scripts/token.ts";
import { loadKeyRing, publicJwks } from "../supabase/functions/_shared/powersync/keys.ts";
import { readKeySecrets } from "../supabase/functions/_shared/powersync/settings.ts";
import { assertRefused, callCommand, callWithFile } from "./support/call_command.ts";
import { inFolder, type Ran, runTask } from "./support/run_script.ts";
import { serving } from "./support/serving.ts";

const LOCAL_JWKS = "http://127.0.0.1:54321/functions/v1/powersync-jwks";
const ALGORITHMS = ["RS256", "ES256", "ES384", "EdDSA"] as const;
const values = await Promise.all(
  ALGORITHMS.map(async (alg) => encodeSecret((await makeKeyPair(alg)).privateJwk)),
);
const secrets = Object.fromEntries(
  values.map((value, index) => [`POWERSYNC_PRIVATE_KEY${index === 0 ? "" : `_${index}`}`, value]),
);
const KEYS = Object.entries(secrets).map(([name, value]) => `${name}=${value}\n`).join("");
const SHARED = `POWERSYNC_SHARED_KEY=${encodeSecret(makeSharedKey())}\n`;

/** The block as a PowerSync Service reads it. */
interface ClientAuthBlock {
  jwks_uri?: string;
  audience: string[];
  jwks?: { keys: Record<string, string>[] };
}

/** All of standard output is YAML, only `client_auth` is in it, and PowerSync's own type of it fits. */
function clientAuth({ code, stdout, stderr }: Ran): ClientAuthBlock {
  assertEquals(code, 0, stderr);
  const parsed = parse(stdout);
  assertEquals(Object.keys(parsed), ["client_auth"]);
  configFile.powerSyncConfig.decode({ storage: { type: "postgresql" }, ...parsed });
  return parsed.client_auth;
}

const config = (args: readonly string[], file = KEYS) => callWithFile(main, args, file);

async function makeToken(file: string, args: readonly string[] = []): Promise<string> {
  const { stdout, stderr } = await callWithFile(printToken, ["--user", "u", ...args], file);
  assertFalse(stdout === "", stderr);
  return stdout.trim();
}

async function outcome(
  token: string,
  { audience, keys }: { audience: string[]; keys: { jwks?: unknown; staticJwks?: unknown } },
) {
  const check = { ...keys, audiences: audience, nowSeconds: Date.now() / 1000 };
  return verdictOf(await checkToken(token, check)).outcome;
}

/** Serves what a deployment would, for one test. */
async function serveJwks(body: unknown, test: (url: string) => Promise<void>): Promise<void> {
  await serving(() => Response.json(body), (url) => test(`${url}/functions/v1/powersync-jwks`));
}

Deno.test("by default it prints the JWKS address and the audience, with which a token passes", async () => {
  const file = `${KEYS}POWERSYNC_URL=http://localhost:8080/\n`;
  const block = clientAuth(await config([], file));
  assertEquals(block, { jwks_uri: LOCAL_JWKS, audience: ["http://localhost:8080"] });
  const ring = await loadKeyRing(readKeySecrets(parseEnv(file)));
  const keys = { jwks: publicJwks(ring) };
  assertEquals(await outcome(await makeToken(file), { ...block, keys }), "accepted");
});

Deno.test("the JWKS address is --jwks-url or --project's, else that of SUPABASE_URL", async () => {
  const file = `${KEYS}SUPABASE_URL=https://ref.supabase.co/\n`;
  const uriFor = async (...args: string[]) => clientAuth(await config(args, file)).jwks_uri;
  assertEquals(await uriFor(), "https://ref.supabase.co/functions/v1/powersync-jwks");
  assertEquals(await uriFor("--jwks-url", "https://x.example/j"), "https://x.example/j");
});

Deno.test("the audience is that of a development token", async () => {
  const both = `${KEYS}POWERSYNC_URL=https://a.example\nPOWERSYNC_AUDIENCE=one,two\n`;
  assertEquals(clientAuth(await config([], both)).audience, ["one", "two"]);
  assertEquals(clientAuth(await config(["--audience", 'odd: "x" # y'], both)).audience, ['odd: "x" # y']);
  assertEquals(clientAuth(await config([])).audience, ["powersync-dev"]);
});

for (const [index, alg] of [...ALGORITHMS, "HS256"].entries()) {
  Deno.test(`--static prints ${alg} inline, with which a token passes`, async () => {
    const file = alg === "HS256" ? SHARED : `POWERSYNC_PRIVATE_KEY=${values[index]}\n`;
    const block = clientAuth(await config(["--static"], file));
    assertEquals(block.jwks_uri, undefined);
    assertEquals(block.jwks?.keys.map((key) => key.alg), [alg]);
    const token = await makeToken(file, alg === "HS256" ? ["--shared"] : []);
    const { audience, jwks: staticJwks } = block;
    assertEquals(await outcome(token, { audience, keys: { staticJwks } }), "accepted");
    assertEquals(await outcome(token, { audience: ["other"], keys: { staticJwks } }), "refused");
  });
}

Deno.test("--static prints all keys of the file, and no private member", async () => {
  const ran = await config(["--static"], KEYS + SHARED);
  const keys = clientAuth(ran).jwks?.keys ?? [];
  assertEquals(keys.map(({ kty }) => kty), ["RSA", "EC", "EC", "OKP", "oct"]);
  for (const { kty, ...members } of keys) {
    for (const name of ["d", "p", "q", "dp", "dq", "qi"]) {
      assertFalse(Object.hasOwn(members, name), `${kty} ${name}`);
    }
  }
});

Deno.test("--static with --jwks-url prints what is published there, without a file", async () => {
  const ring = await loadKeyRing(readKeySecrets(secrets));
  await serveJwks(publicJwks(ring), async (url) => {
    const ran = await callCommand(main, ["--static", "--jwks-url", url, "--audience", "a"]);
    assertEquals(clientAuth(ran).jwks?.keys.map(({ kid }) => kid), ring.published.map(({ kid }) => kid));
  });
});

Deno.test("--static refuses a JWKS that PowerSync could not use, or that shows a private key", async () => {
  const { privateJwk, publicJwk } = await makeKeyPair("ES256");
  for (
    const [body, reason] of [
      [{ keys: [] }, /no key that PowerSync uses/],
      [{}, /is not \{"keys"/],
      [{ keys: [{ ...publicJwk, x: "AAAA" }] }, /cannot be imported/],
      [{ keys: [privateJwk] }, /private member/],
    ] as const
  ) {
    await serveJwks(body, async (url) => {
      const ran = await config(["--static", "--jwks-url", url]);
      assertRefused(ran, reason);
      assertFalse(ran.stderr.includes(privateJwk.d ?? "none"));
    });
  }
});

Deno.test("a shared secret stands beside the address of the functions' keys, with a warning: both kinds of token pass", async () => {
  const ran = await config([], KEYS + SHARED);
  const { jwks_uri, audience, jwks: staticJwks } = clientAuth(ran);
  assertEquals(jwks_uri, LOCAL_JWKS);
  assertMatch(ran.stdout, /^# This has a shared secret, for development only/m);
  const keys = { jwks: publicJwks(await loadKeyRing(readKeySecrets(secrets))), staticJwks };
  for (const args of [[], ["--shared"]]) {
    assertEquals(await outcome(await makeToken(KEYS + SHARED, args), { audience, keys }), "accepted");
  }
  assertFalse((await config([])).stdout.includes("shared secret"));
});

Deno.test("a development secret is not printed for a deployment", async () => {
  const ran = await config(["--project", "ref"], KEYS + SHARED);
  assertEquals(clientAuth(ran).jwks, undefined);
  assertFalse(ran.stdout.includes("oct"));
});

Deno.test("--static with --env-file asks no network, also with --project", async () => {
  await inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/keys.env`, KEYS);
    const args = ["--static", "--project", "ref", "--audience", "a", "--env-file", "keys.env"];
    const ran = await runTask("config", args, { cwd, permissions: ["--allow-read"] });
    assertEquals(clientAuth(ran).jwks?.keys.length, 4);
  });
});

Deno.test("a deployment without a known audience gets a warning, a local set-up does not", async () => {
  assertMatch((await config(["--project", "ref"])).stderr, /No audience is known.*POWERSYNC_URL/);
  const ofRef = /^Secrets: \S+\. Project: ref \(--project\)\.\n$/;
  assertMatch((await config(["--project", "ref"], `${KEYS}POWERSYNC_URL=https://a.example\n`)).stderr, ofRef);
  assertMatch((await config([])).stderr, /^Secrets: \S+\. Project: this computer.*\n$/);
  // It is the development audience, and somebody stated it.
  assertMatch(
    (await config(["--project", "ref"], `${KEYS}POWERSYNC_AUDIENCE=powersync-dev,powersync\n`)).stderr,
    ofRef,
  );
});

Deno.test("without a file, the fix is named; with the address of a JWKS none is needed", async () => {
  await inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/supabase`);
    const config = (...args: string[]) => callCommand(main, ["--dir", folder, ...args]);
    assertRefused(await config(), /no file \S+\/supabase\/functions\/\.env.*--project/);
    assertEquals((await config("--jwks-url", "https://x.example/j")).code, 0);
  });
});

const PLACEHOLDER = "https://<instance>.example";

for (
  const [args, file, reason] of [
    [["--static"], "X=1\n", /no key in .*\.env\. .*task keys -- --env-file/],
    [["--static"], "POWERSYNC_PRIVATE_KEY=c2VjcmV0\n", /POWERSYNC_PRIVATE_KEY cannot be used/],
    [["--static"], "POWERSYNC_SHARED_KEY=c2VjcmV0\n", /is not an HS256 key/],
    [[], "SUPABASE_URL=nonsense\n", /SUPABASE_URL/],
    [[], `POWERSYNC_URL=${PLACEHOLDER}\n`, /placeholder/],
    [[], `POWERSYNC_AUDIENCE=a,${PLACEHOLDER}\n`, /placeholder/],
    [[], "POWER_SYNC_URL=https://a.example\n", /Rename it to POWERSYNC_URL/],
    [["--audience", PLACEHOLDER], KEYS, /--audience is .*, a placeholder/],
    [["--project", "ref", "--jwks-url", "https://x.example/j"], KEYS, /both/],
  ] as const
) {
  Deno.test(`${args.join(" ")} with a file of ${file.split("=")[0]}=…: ${reason}`, async () => {
    assertRefused(await config(args, file), reason);
  });
}
