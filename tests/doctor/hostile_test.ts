/** Servers and tokens that want the doctor to hang, to crash, or to send a token where it must not go. */
import { decodeJwt } from "jose";
import { assert, assertEquals, assertFalse } from "@std/assert";
import { askPowerSync } from "../../scripts/doctor/candidates.ts";
import { examineProject } from "../../scripts/doctor/deployment.ts";
import { askInstance } from "../../scripts/doctor/instance.ts";
import { recogniseToken } from "../../scripts/doctor/tokens/recognise-token.ts";
import { whoseToken } from "../../scripts/doctor/tokens/whose-token.ts";
import { inspect } from "../../scripts/setup/inspect.ts";
import { withDeployment } from "../support/deployment.ts";
import { PUBLISHABLE_KEY } from "../support/project.ts";
import { assertGrowsLinearly } from "../support/growth.ts";
import { serve } from "../support/serving.ts";
import { json, look, NOW } from "./examination.ts";

/** Neither `String` nor `Number` can convert it. */
const UNCONVERTIBLE = { toString: 1, valueOf: 1 };

const OPTIONS = { file: undefined, audiences: [], now: NOW, slowMs: 1_000, timeoutMs: 1_000 };

const KNOWN = { issuer: "i", keyIds: [], audiences: [], providers: [] };

const instance = (url: string, timeoutMs: number) =>
  askInstance({ url, token: "a", tokenOf: "a token", tokenIsGood: true, audiences: [], timeoutMs });

Deno.test("a server's clock does not make the doctor sign a token for a time that is far away", async () => {
  await withDeployment(async (deployment) => {
    const { POWERSYNC_PRIVATE_KEY, POWERSYNC_URL } = deployment.environment;
    const variables = { POWERSYNC_PRIVATE_KEY, POWERSYNC_URL };
    const file = { path: ".env.production", local: false, variables };
    let sent = "";
    deployment.service = (request) => {
      sent = request.headers.get("Authorization") ?? "";
      return new Response('{"checkpoint":{}}\n');
    };
    for (const [ahead, signedAhead] of [[100 * 365 * 86_400, 0], [3_600, 3_600]] as const) {
      const date = new Date((NOW() + ahead) * 1000).toUTCString();
      deployment.instead["powersync-jwks"] = json({ keys: [] }, { headers: { Date: date } });
      deployment.instead["powersync-auth-anonymous"] = () => new Response(null, { status: 500 });
      const { powersync } = deployment;
      await look(deployment, { file, powersync, userToken: undefined });
      const { exp = 0 } = decodeJwt(sent.replace("Token ", ""));
      assert(Math.abs(exp - (NOW() + signedAhead + 60)) < 5, `it ends ${exp - NOW()} s from now`);
    }
  });
});

Deno.test("no token goes to a public host without TLS", async () => {
  const token = { token: "a.b.c", tokenOf: "a token", checks: [], good: true, isSendable: true };
  const asked = await askPowerSync({ ...OPTIONS, powersync: "http://sync.example.com" }, {
    tokens: [token],
    secrets: [],
    servers: { jwks: undefined, nowSeconds: NOW() },
  });
  assertEquals(asked?.check.status, "skipped");
  const project = "http://project.example.com";
  const options = { ...OPTIONS, project, userToken: "a.b.c", publishableKey: PUBLISHABLE_KEY };
  const [found, ...others] = await examineProject(options, { reachable: true });
  assertEquals(others, []);
  assertEquals(found?.checks.map(({ id, status }) => [id, status]), [["functions", "skipped"]]);
});

Deno.test("an instance cannot fill the memory, and no value of it stops the doctor", async () => {
  let sent = 0;
  const part = new Uint8Array(64 * 1024).fill(97);
  await using endless = serve(() => {
    const body = new ReadableStream({
      pull(controller) {
        sent += part.length;
        controller.enqueue(part);
      },
    });
    return new Response(body);
  });
  const { check } = await instance(endless.url, 60_000);
  assertEquals(check.cause, "instance-not-a-service");
  assert(sent < 64 * 1024 * 1024, `${sent} bytes were read`);

  await using odd = serve(() => new Response(`${JSON.stringify({ token_expires_in: UNCONVERTIBLE })}\n`));
  assertEquals((await instance(odd.url, 5_000)).check.status, "passed");
});

Deno.test("a redirect of many slashes costs no more than it is long", async () => {
  let slashes = 0;
  await using moved = serve(() =>
    new Response(null, { status: 307, headers: { Location: `https://a${"/".repeat(slashes)}b` } })
  );
  await assertGrowsLinearly(async (size) => {
    slashes = size;
    assertEquals((await instance(moved.url, 60_000)).check.cause, "instance-redirect");
  }, 15_000);
});

Deno.test("a JWKS or function of any content is judged", async () => {
  await withDeployment(async (deployment) => {
    deployment.instead["powersync-jwks"] = json({ keys: [{ kid: UNCONVERTIBLE, kty: UNCONVERTIBLE }] });
    await assertGrowsLinearly(async (size) => {
      const powersync_url = `https://a${"/".repeat(size)}b`;
      deployment.instead["powersync-auth-anonymous"] = json({ token: "a", powersync_url });
      const checks = await look(deployment, { userToken: undefined });
      const cause = checks.find(({ id }) => id === "powersync-auth-anonymous")?.cause;
      assertEquals(cause, "answer-malformed");
    }, 50_000);
  });
});

Deno.test("an anonymous sign-in does not follow a redirect with the API key", async () => {
  let isFollowed = false;
  await using other = serve(() => {
    isFollowed = true;
    return Response.json({});
  });
  await withDeployment(async (deployment) => {
    deployment.instead["/auth/v1/signup"] = () => Response.redirect(other.url, 307);
    const checks = await look(deployment, { userToken: undefined, signInAnonymously: true });
    assertEquals(checks.find(({ id }) => id === "sign-in")?.status, "failed");
  });
  assertFalse(isFollowed);
});

Deno.test("longer settings cost no more than they are longer", async () => {
  await assertGrowsLinearly(async (size) => {
    await inspect({ POWERSYNC_URL: `https://a${"/".repeat(size)}b` }, { place: "deployment" });
    await inspect({ POWERSYNC_PRIVATE_KEY: `{${":".repeat(size)} !` }, { place: "deployment" });
  }, 25_000);
});

Deno.test("any token is recognised", async () => {
  await assertGrowsLinearly((size) => {
    for (const text of [`${"@".repeat(2 * size)} y`, `${"@.".repeat(size)} y`]) {
      assertEquals(recogniseToken(text, KNOWN).owner, "not-a-token");
    }
  }, 25_000);
  const encode = (text: string) => btoa(text).replace(/=+$/, "");
  const token = `${encode('{"alg":"ES256"}')}.${encode('{"sub":"a","exp":-1e999}')}.${"A".repeat(86)}`;
  assert(whoseToken(token, KNOWN, NOW()).told.some(({ id }) => id === "token-without-expiry"));
});
