import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import cliSchema from "npm:@powersync/cli-schemas@0.10.0/service-config-schema.json" with { type: "json" };
import { Ajv } from "npm:ajv@8.20.0";
import { parse } from "npm:yaml@2.9.1";
import { main } from "../scripts/config.ts";
import { encodeSecret, makeKeyPair } from "../scripts/keys/key-pair.ts";
import { makeSharedKey } from "../scripts/setup/shared-key.ts";
import { assertRefused, callWithFile } from "./support/call_command.ts";

const config = (args: readonly string[], file = "") => callWithFile(main, args, file);

const DEPLOYED = ["--project", "ref", "--audience", "https://i.example"];

/** The block in powersync/service.yaml, as the CLI of PowerSync checks it. */
function assertCloudBlock(text: string): Record<string, unknown> {
  const { client_auth } = parse(text);
  const isValid = new Ajv({ strict: false }).compile(cliSchema);
  assert(isValid({ _type: "cloud", name: "n", region: "us", client_auth }), JSON.stringify(isValid.errors));
  return client_auth;
}

Deno.test("--cloud prints the block that PowerSync's CLI takes: the address, or inline keys of every kind", async () => {
  assertEquals(assertCloudBlock((await config(["--cloud", ...DEPLOYED])).stdout), {
    jwks_uri: "https://ref.supabase.co/functions/v1/powersync-jwks",
    additional_audiences: ["https://i.example"],
  });
  const pairs = await Promise.all((["RS256", "ES256", "EdDSA"] as const).map((alg) => makeKeyPair(alg)));
  const file = [
    ...pairs.map(({ privateJwk }, index) => `POWERSYNC_PRIVATE_KEY_${index}=${encodeSecret(privateJwk)}`),
    `POWERSYNC_SHARED_KEY=${encodeSecret(makeSharedKey())}`,
  ].join("\n");
  const { stdout } = await config(["--cloud", "--static"], file);
  const block = assertCloudBlock(stdout);
  assertEquals(Object.keys(block), ["additional_audiences", "jwks"]);
  assertMatch(stdout, /kty: "oct"[^]*k: \{ secret: "/);
  assertMatch(stdout, /^# This has a shared secret/m);
});

Deno.test("without --cloud the same block stands in comments", async () => {
  const { stdout } = await config(DEPLOYED);
  const [, comments = ""] = /^# PowerSync Cloud, with its CLI: .*\n((?:# {3}.*\n)+)/m.exec(stdout) ?? [];
  assertCloudBlock(comments.replaceAll("#   ", ""));
});

Deno.test("Cloud is not told to fetch from an address that it cannot reach", async () => {
  for (
    const url of ["http://kong:8000", "http://127.0.0.1:54321", "http://10.0.0.5", "https://db.internal"]
  ) {
    const ran = await config([], `SUPABASE_URL=${url}\n`);
    assertMatch(ran.stdout, /^# {3}PowerSync Cloud cannot reach .*--project/m);
    assertFalse(ran.stdout.includes("additional_audiences"), url);
    assertRefused(await config(["--cloud"], `SUPABASE_URL=${url}\n`), /cannot reach.*--project/);
  }
});

Deno.test("for PowerSync Cloud it gives the value of each field", async () => {
  const { stdout } = await config([
    "--jwks-url",
    "https://ref.supabase.co/functions/v1/powersync-jwks",
    "--audience",
    "https://i.example",
  ]);
  assertMatch(stdout, /^# PowerSync Cloud/m);
  assertStringIncludes(stdout, "JWKS URI: https://ref.supabase.co/functions/v1/powersync-jwks");
  assertStringIncludes(stdout, "JWT Audience: https://i.example");
});
