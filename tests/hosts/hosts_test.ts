/** The functions on other hosts than Supabase, each on its real runtime, as docs/hosts.md describes it. */
import { assert, assertEquals } from "@std/assert";
import { AuthStandIn } from "../support/auth_stand_in.ts";
import { environmentOf } from "../support/functions.ts";
import { HttpStandIn, SILENCE } from "../support/http_stand_in.ts";
import { base64, projectKeys, signLegacyToken, USER_ID, userToken } from "../support/project.ts";
import { makeKey, sign } from "../support/signing.ts";
import {
  assertHead,
  assertIssued,
  assertMixedKey,
  assertPreflights,
  assertPublished,
  assertRefusals,
  assertUnset,
  callTo,
  withApiKey,
  withToken,
} from "../support/contract.ts";
import { type Environment, HOSTS, startHost } from "./hosts.ts";
import { type HostProject, IS_NETLIFY_LEFT_OUT, makeProject } from "./project.ts";
import { assertSurvivesReset, type Upstream } from "./resets.ts";

const ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "EdDSA"];

const signingKeys = await Promise.all(ALGORITHMS.map((alg) => makeKey(alg, `powersync-${alg}`)));
const providerKey = await makeKey("ES256", "provider-key");
const auth = new AuthStandIn([]);
/** What the provider does instead of answering. */
let silence: (() => typeof SILENCE) | undefined;
const provider: HttpStandIn = new HttpStandIn(({ path }) =>
  silence?.() ??
    Response.json(
      path === "/jwks"
        ? { keys: [providerKey.publicJwk] }
        : { issuer: provider.url, jwks_uri: `${provider.url}/jwks` },
    )
);
let project: HostProject;

Deno.test.beforeAll(async () => {
  project = await makeProject();
});

Deno.test.afterAll(async () => {
  await Promise.all([project[Symbol.asyncDispose](), auth.stop(), provider.stop()]);
});

const projectEnvironment = (changes: Environment = {}) =>
  environmentOf({
    url: auth.url,
    inline: [projectKeys.ES256],
    providers: [{ issuer: provider.url, audience: "app", subject_prefix: "" }],
    environment: changes,
  });

function providerToken(): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: provider.url, aud: "app", sub: "provider-user", iat: now, exp: now + 3600 };
  return sign(claims, { key: providerKey });
}

/** An upstream whose answers a test replaces by nothing. */
function hanging(setSilence: (silence: (() => typeof SILENCE) | undefined) => void): Upstream {
  return {
    hang() {
      const { promise: asked, resolve } = Promise.withResolvers<void>();
      setSilence(() => {
        resolve();
        return SILENCE;
      });
      return { asked };
    },
    recover: () => setSilence(undefined),
  };
}

for (const host of HOSTS) {
  const ignore = IS_NETLIFY_LEFT_OUT && host.folder === "netlify";
  Deno.test(`${host.name}, ${host.version}`, { ignore }, async (t) => {
    const folder = await project.prepare(host.folder);
    const start = (environment: Environment) => startHost(host, { project, folder, environment });
    const step = async (name: string, run: () => Promise<void>) => {
      await t.step({ name, fn: run, sanitizeResources: false, sanitizeOps: false });
    };

    await using server = await start(projectEnvironment());
    const call = callTo(server.url);
    await step("the JWKS", async () => assertEquals((await assertPublished(call)).keys.length, 1));
    await step(
      "an anonymous caller",
      () => assertIssued(call, "powersync-auth-anonymous", { ...withApiKey, subject: "anonymous" }),
    );
    await step("a user of another provider", async () => {
      const user = { ...withToken(await providerToken()), subject: "provider-user" };
      await assertIssued(call, "powersync-auth", user);
    });
    await step("a Supabase user, by signing key and by the legacy secret", async () => {
      for (const token of [await userToken(), await signLegacyToken()]) {
        await assertIssued(call, "powersync-auth", { ...withToken(token), subject: USER_ID });
      }
    });
    await step("errors and wrong methods", () => assertRefusals(call));
    await step("preflights", () => assertPreflights(call));
    await step("HEAD", () => assertHead(call));
    await step("each algorithm of a signing key", async () => {
      for (const { privateJwk, alg } of signingKeys) {
        await using signing = await start(projectEnvironment({ POWERSYNC_PRIVATE_KEY: base64(privateJwk) }));
        const call = callTo(signing.url);
        assertEquals((await assertPublished(call)).keys.map((key) => key.alg), [alg]);
        await assertIssued(call, "powersync-auth-anonymous", { ...withApiKey, subject: "anonymous" });
      }
    });
    await step("a key that was mixed from two", async () => {
      for (const alg of ["ES256", "EdDSA"]) {
        const [one, other] = [await makeKey(alg), await makeKey(alg)];
        const mixed = base64({ ...one.privateJwk, d: other.privateJwk.d });
        await using mixing = await start({ POWERSYNC_PRIVATE_KEY: mixed });
        await assertMixedKey(callTo(mixing.url));
      }
    });
    await step("an empty environment", async () => {
      await using empty = await start({});
      await assertUnset(callTo(empty.url));
    });
    await step("clients that reset while an upstream is asked", async () => {
      await using provided = await start(projectEnvironment());
      const keys = hanging((change) => silence = change);
      const users = hanging((change) => auth.user = change);
      await Promise.all([
        assertSurvivesReset(provided, { upstream: keys, token: await providerToken() }),
        assertSurvivesReset(server, { upstream: users, token: await signLegacyToken() }),
      ]);
    });
  });
}

Deno.test("docs/hosts.md names the sizes of the Worker's files", async () => {
  const dist = `${await project.prepare("cloudflare")}/dist`;
  const sizes = new Map(
    [...Deno.readDirSync(dist)].map(({ name }) => [name, Deno.statSync(`${dist}/${name}`).size]),
  );
  const sizeOf = (part: string) =>
    [...sizes].filter(([name]) => name.startsWith(part)).reduce((sum, [, size]) => sum + size, 0);
  const real = [sizeOf("worker") + sizeOf("chunk"), sizeOf("provider-issuer"), sizeOf("dist")];
  const page = await Deno.readTextFile(new URL("../../docs/hosts.md", import.meta.url));
  const shown = [...page.matchAll(/\| (\d+) KB +\|/g)].map(([, kilobytes]) => Number(kilobytes));
  assertEquals(shown.length, real.length);
  for (const [index, kilobytes] of shown.entries()) {
    const measured = (real[index] ?? 0) / 1000;
    assert(Math.abs(measured - kilobytes) <= Math.max(1, kilobytes * 0.05), `${measured} KB`);
  }
});
