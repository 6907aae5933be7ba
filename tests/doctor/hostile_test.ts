/** Servers and settings that want the doctor to hang, to crash, or to send a secret where it must not go. */
import { assert, assertEquals, assertFalse } from "@std/assert";
import { askInstance } from "../../scripts/doctor/instance.ts";
import { inspect } from "../../scripts/setup/inspect.ts";
import { withDeployment } from "../support/deployment.ts";
import { assertGrowsLinearly } from "../support/growth.ts";
import { serve } from "../support/serving.ts";
import { json, look } from "./examination.ts";

/** Neither `String` nor `Number` can convert it. */
const UNCONVERTIBLE = { toString: 1, valueOf: 1 };

async function askInstanceAt(url: string) {
  const options = { url, token: "a", tokenOf: "a token", tokenIsGood: true, timeoutMs: 60_000 };
  const { checks: [check] } = await askInstance(options);
  return check?.cause ?? check?.status;
}

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
  assertEquals(await askInstanceAt(endless.url), "instance-not-a-service");
  assert(sent < 64 * 1024 * 1024, `${sent} bytes were read`);

  await using odd = serve(() => new Response(`${JSON.stringify({ token_expires_in: UNCONVERTIBLE })}\n`));
  assertEquals(await askInstanceAt(odd.url), "passed");
});

Deno.test("a redirect of many slashes costs no more than it is long", async () => {
  let slashes = 0;
  await using moved = serve(() =>
    new Response(null, { status: 307, headers: { Location: `https://a${"/".repeat(slashes)}b` } })
  );
  await assertGrowsLinearly(async (size) => {
    slashes = size;
    assertEquals(await askInstanceAt(moved.url), "instance-redirect");
  }, 15_000);
});

Deno.test("a JWKS or function of any content is judged", async () => {
  await withDeployment(async (deployment) => {
    deployment.instead["powersync-jwks"] = json({ keys: [{ kid: UNCONVERTIBLE, kty: UNCONVERTIBLE }] });
    await assertGrowsLinearly(async (size) => {
      const powersync_url = `https://a${"/".repeat(size)}b`;
      deployment.instead["powersync-auth-anonymous"] = json({ token: "a", powersync_url });
      const checks = await look(deployment, { userToken: undefined });
      assertEquals(checks.find(({ id }) => id === "powersync-auth-anonymous")?.cause, "answer-malformed");
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
