import { assert, assertEquals } from "@std/assert";
import type { CauseId } from "../../scripts/doctor/check.ts";
import { examineJwks } from "../../scripts/doctor/jwks.ts";
import { signInAnonymously } from "../../scripts/doctor/sign-in.ts";
import { withDeployment } from "../support/deployment.ts";
import { base64, PUBLISHABLE_KEY } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";
import { assertShowsNothingSecret, causesOf, json, look, unfinished } from "./examination.ts";

const dev = await makeKey("ES256", "dev-0123456789");

Deno.test("an instance elsewhere cannot fetch the JWKS from this computer", async () => {
  await withDeployment(async (deployment) => {
    deployment.environment.POWERSYNC_PRIVATE_KEY = base64(dev.privateJwk);
    const url = `${deployment.url}/functions/v1/powersync-jwks`;
    const options = {
      url,
      powersync: "https://x.powersync.journeyapps.com",
      slowMs: 3000,
      timeoutMs: 5000,
    };
    const { checks } = await examineJwks(options);
    assertEquals(causesOf(checks), ["jwks-host-private"]);
  });
});

Deno.test("an address that PowerSync cannot or should not fetch from is named, whatever answers there", async () => {
  const cases: [CauseId, string, string | undefined][] = [
    ["jwks-host-ipv6", "http://[2001:db8::1]:9/jwks", "PSYNC_S2204"],
    ["jwks-http-public", "http://project.invalid/jwks", undefined],
  ];
  for (const [cause, url, code] of cases) {
    const options = { url, powersync: undefined, slowMs: 3_000, timeoutMs: 100 };
    const { checks } = await examineJwks(options);
    const found = checks.find((check) => check.cause === cause);
    assertEquals([found?.status, found?.code], ["failed", code]);
  }
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
    assertEquals(check.cause, "no-connection");
  });
});

Deno.test("without credentials the functions are still checked, and skipped checks are listed", async () => {
  await withDeployment(async (deployment) => {
    const checks = await look(deployment, { publishableKey: undefined, userToken: undefined });
    assertEquals(checks.filter(({ status }) => status === "failed"), []);
    assertEquals(checks.filter(({ status }) => status === "skipped").map(({ id }) => id), [
      "user-token",
      "anonymous-token",
    ]);
  });
});
