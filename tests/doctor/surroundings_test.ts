import { assert, assertEquals } from "@std/assert";
import type { CauseId } from "../../scripts/doctor/causes.ts";
import { examine } from "../../scripts/doctor/examine.ts";
import { examineJwks } from "../../scripts/doctor/jwks.ts";
import { signInAnonymously } from "../../scripts/doctor/sign-in.ts";
import { withDeployment } from "../support/deployment.ts";
import { base64, PUBLISHABLE_KEY } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";
import { assertShowsNothingSecret, causesOf, json, look, NOW, unfinished } from "./examination.ts";

const dev = await makeKey("ES256", "dev-0123456789");

Deno.test("a development key and plain http fail for a deployment that is not on this computer", async () => {
  await withDeployment(async (deployment) => {
    deployment.environment.POWERSYNC_PRIVATE_KEY = base64(dev.privateJwk);
    const url = `${deployment.url}/functions/v1/powersync-jwks`;
    const options = {
      url,
      local: false,
      powersync: "https://x.powersync.journeyapps.com",
      slowMs: 3000,
      timeoutMs: 5000,
    };
    const { checks } = await examineJwks(options);
    assertEquals(causesOf(checks), ["jwks-host-private", "jwks-dev-key"]);
  });
});

Deno.test("an address that PowerSync cannot or should not fetch from is named, whatever answers there", async () => {
  const cases: [CauseId, string, string | undefined][] = [
    ["jwks-host-ipv6", "http://[::1]:9/jwks", "PSYNC_S2202"],
    ["jwks-http-public", "http://project.invalid/jwks", undefined],
  ];
  for (const [cause, url, code] of cases) {
    const options = { url, local: false, powersync: undefined, slowMs: 3_000, timeoutMs: 100 };
    const { checks } = await examineJwks(options);
    const found = checks.find((check) => check.cause === cause);
    assertEquals([found?.status, found?.code], ["failed", code]);
  }
});

Deno.test("without anything to check the doctor fails and says what to give", async () => {
  const [check] = await examine({
    file: undefined,
    audiences: [],
    now: NOW,
    slowMs: 3_000,
    timeoutMs: 5_000,
  });
  assertEquals(check?.cause, "env-file-missing");
});

Deno.test("an anonymous sign-in goes through supabase-js, and says that it created a user", async () => {
  await withDeployment(async (deployment) => {
    const id = "5c7a6c0e-0000-4000-8000-000000000001";
    deployment.instead["/auth/v1/signup"] = json({
      access_token: deployment.userToken,
      refresh_token: "refresh",
      token_type: "bearer",
      expires_in: 3600,
      user: { id, aud: "authenticated" },
    });
    const checks = await look(deployment, { userToken: undefined, signInAnonymously: true });
    const signIn = checks.find((check) => check.id === "sign-in");
    assertEquals(signIn?.seen, `It created the user ${id}, which stays in the project until you delete it.`);
    assertEquals(checks.find((check) => check.id === "powersync-auth")?.status, "passed");
    assertShowsNothingSecret(checks, deployment);
  });
});

Deno.test("the doctor stops waiting for an Auth server that never answers", async () => {
  await withDeployment(async (deployment) => {
    deployment.instead["/auth/v1/signup"] = unfinished(200);
    const { check } = await signInAnonymously(deployment.url, {
      publishableKey: PUBLISHABLE_KEY,
      timeoutMs: 50,
    });
    assertEquals(check.cause, "sign-in-unreachable");
  });
});

Deno.test("the clock difference is measured from the Date header", async () => {
  await withDeployment(async (deployment) => {
    const checks = await look(deployment, { now: () => NOW() - 300 });
    assert(causesOf(checks).includes("clock-here"));
    const late = new Date(Date.now() + 300_000).toUTCString();
    deployment.service = () => new Response("{}\n", { headers: { Date: late } });
    assert(causesOf(await look(deployment, { powersync: deployment.powersync })).includes("clock-servers"));
  });
});

Deno.test("without credentials the functions are still checked, and skipped checks are listed", async () => {
  await withDeployment(async (deployment) => {
    const checks = await look(deployment, { publishableKey: undefined, userToken: undefined });
    assertEquals(checks.filter(({ status }) => status === "failed"), []);
    assertEquals(checks.filter(({ status }) => status === "skipped").map(({ id }) => id), [
      "env-file",
      "user-token",
      "anonymous-token",
    ]);
  });
});
