import { assert, assertEquals } from "@std/assert";
import type { Check } from "../../scripts/doctor/check.ts";
import { examine } from "../../scripts/doctor/examine.ts";
import type { ExamineOptions } from "../../scripts/doctor/scope.ts";
import { deployedKey, withDeployment } from "../support/deployment.ts";
import { base64, PUBLISHABLE_KEY } from "../support/project.ts";
import { makeKey, sign } from "../support/signing.ts";

const NOW = Math.floor(Date.now() / 1000);
const key = await makeKey("ES256", "powersync-0123456789");

async function look(options: Partial<ExamineOptions>): Promise<readonly Check[]> {
  const fixed = { file: undefined, audiences: [], now: () => NOW, slowMs: 3_000, timeoutMs: 5_000 };
  return (await examine({ ...fixed, ...options })).checks;
}

const tokenFor = (aud: string, signer = key) =>
  sign({ sub: "u", aud, iat: NOW, exp: NOW + 300 }, { key: signer });
const tokenCheck = (checks: readonly Check[]) => checks.findLast(({ id }) => id === "token");
const production = (variables: Record<string, string>) => ({
  path: ".env.production",
  local: false,
  variables: {
    POWERSYNC_PRIVATE_KEY: base64(key.privateJwk),
    POWERSYNC_URL: "https://x.example.com",
    ...variables,
  },
});

Deno.test("a token is compared with the POWERSYNC_AUDIENCE of the file, as the functions use it", async () => {
  const file = production({ POWERSYNC_AUDIENCE: "first, second" });
  assertEquals(tokenCheck(await look({ file, token: await tokenFor("second") }))?.status, "passed");
  const other = tokenCheck(await look({ file, token: await tokenFor("https://x.example.com") }));
  assertEquals([other?.cause, other?.code], ["aud-accepted", "PSYNC_S2105"]);
});

Deno.test("--audience wins over the file's", async () => {
  const file = production({ POWERSYNC_AUDIENCE: "first" });
  const token = await tokenFor("third");
  assertEquals(tokenCheck(await look({ file, token, audiences: ["third"] }))?.status, "passed");
});

Deno.test("where no audience is known, `aud` is not compared, and that is said", async () => {
  await withDeployment(async ({ url }) => {
    const token = await tokenFor("anything", deployedKey);
    const checks = await look({ jwksUrl: `${url}/functions/v1/powersync-jwks`, token });
    assertEquals(checks.filter(({ status }) => status === "failed"), []);
    const check = tokenCheck(checks);
    assertEquals(check?.status, "skipped");
    assert(check?.seen.includes("--audience"));
  });
});

Deno.test("a project's token is compared with where its functions send clients", async () => {
  await withDeployment(async ({ url, powersync }) => {
    const project = { project: url, publishableKey: PUBLISHABLE_KEY };
    const good = await look({ ...project, token: await tokenFor(powersync, deployedKey) });
    assertEquals(tokenCheck(good)?.status, "passed");
    const bad = await look({ ...project, token: await tokenFor(`${powersync}/`, deployedKey) });
    assertEquals(tokenCheck(bad)?.cause, "aud-accepted");
  });
});

Deno.test("an instance is not asked with a token that cannot be a header", async () => {
  await withDeployment(async ({ powersync }) => {
    const checks = await look({ token: "a.b\n.c", powersync });
    assertEquals(checks.find(({ id }) => id === "token")?.cause, "token-is-not-a-token");
    assertEquals(checks.find(({ id }) => id === "powersync")?.status, "skipped");
  });
});
