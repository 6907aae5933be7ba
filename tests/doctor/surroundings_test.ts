import { assertEquals } from "@std/assert";
import { type CauseId, type Check, failed } from "../../scripts/doctor/check.ts";
import { checkDevKeys, examineJwks } from "../../scripts/doctor/jwks.ts";
import { signInAnonymously } from "../../scripts/doctor/sign-in.ts";
import { deployedKey, serviceError, withDeployment } from "../support/deployment.ts";
import { serve } from "../support/serving.ts";
import { withRootCauses } from "../../scripts/doctor/root-cause.ts";
import { whyNoAnswer } from "../../scripts/setup/ask.ts";
import { PUBLISHABLE_KEY } from "../support/project.ts";
import { assertShowsNothingSecret, causesOf, json, look, otherKey, unfinished } from "./examination.ts";

const isRoot = ({ status, followsFrom }: Check) => status === "failed" && followsFrom === undefined;

Deno.test("a deployment must not publish a key of local development", () => {
  const kids = ["powersync-0123456789", "dev-0123456789"];
  assertEquals(causesOf(checkDevKeys(kids, { url: "https://x.supabase.co/jwks" })), ["jwks-dev-key"]);
  const url = "http://127.0.0.1:54321/jwks";
  assertEquals(checkDevKeys(kids, { url }), []);
  assertEquals(causesOf(checkDevKeys(kids, { url, isDeployment: true })), ["jwks-dev-key"]);
});

Deno.test("an instance elsewhere cannot fetch the JWKS from this computer", async () => {
  await withDeployment(async (deployment) => {
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
    assertEquals(
      signIn?.seen,
      `It created the user "${id}", which stays in the project until you delete it.`,
    );
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

Deno.test("the JWKS that was named is compared with the project's own", async () => {
  await withDeployment(async (deployment) => {
    const auth = {
      ...deployedKey.publicJwk,
      kid: "11111111-2222-4333-8444-555555555555",
      key_ops: ["verify"],
    };
    const cases: [CauseId, unknown][] = [["jwks-of-auth", auth], ["jwks-of-another", otherKey.publicJwk]];
    for (const [cause, key] of cases) {
      await using other = serve(() => Response.json({ keys: [key] }));
      const [root] = withRootCauses(await look(deployment, { jwksUrl: other.url })).filter(isRoot);
      assertEquals([root?.cause, root?.id], [cause, "jwks"]);
    }
    const own = `${deployment.url}/functions/v1/powersync-jwks`;
    assertEquals(causesOf(await look(deployment, { jwksUrl: own })), []);
  });
});

Deno.test("an instance that ends the stream at once does not accept the token", async () => {
  await withDeployment(async (deployment) => {
    deployment.service = () => new Response('{"token_expires_in":0}\n');
    const checks = await look(deployment, { powersync: deployment.powersync });
    assertEquals(causesOf(checks), ["instance-clock"]);
  });
});

Deno.test("a clock that is ahead explains why the instance takes tokens for expired", async () => {
  await withDeployment(async (deployment) => {
    const late = new Date(Date.now() + 600_000).toUTCString();
    deployment.service = () => {
      const response = serviceError("PSYNC_S2103");
      response.headers.set("Date", late);
      return response;
    };
    const checks = withRootCauses(await look(deployment, { powersync: deployment.powersync }));
    const roots = checks.filter(({ status, followsFrom }) =>
      status === "failed" && followsFrom === undefined
    );
    assertEquals(roots.map(({ id, cause }) => [id, cause]), [["clocks", "clock-instance"]]);
  });
});

Deno.test("a file that cannot be read explains what the deployment lacks", () => {
  const file = { id: "env-file", title: "Secrets file" };
  const checks = withRootCauses([
    failed(file, "env-file-utf16", { seen: "" }),
    failed({ id: "jwks", title: "JWKS" }, "POWERSYNC_PRIVATE_KEY_MISSING", { seen: "" }),
    failed({ id: "powersync-auth", title: "" }, "POWERSYNC_URL_MISSING", { seen: "" }),
  ]);
  assertEquals(checks.map(({ followsFrom }) => followsFrom), [undefined, "env-file-utf16", "env-file-utf16"]);
});

Deno.test("a redirect, and a connection without TLS or trust, are told apart", async () => {
  await withDeployment(async (deployment) => {
    deployment.instead["powersync-auth"] = () => Response.redirect("https://other.example");
    assertEquals(causesOf(await look(deployment)), ["front-redirect"]);
    const project = deployment.url.replace("http:", "https:");
    assertEquals(causesOf(await look(deployment, { project })), ["no-tls"]);
  });
  assertEquals(
    whyNoAnswer(new TypeError("fetch failed", { cause: new Error("dns error: failed to lookup") }), 1).kind,
    "no-dns",
  );
  const untrusted = new Error("client error (Connect): invalid peer certificate: UnknownIssuer");
  assertEquals(whyNoAnswer(new TypeError("fetch failed", { cause: untrusted }), 1).kind, "no-trust");
  const parse = (reason: string) =>
    whyNoAnswer(
      new TypeError("fetch failed", { cause: new Error(`client error (SendRequest): ${reason}`) }),
      1,
    );
  assertEquals(parse("invalid HTTP version parsed").kind, "no-http");
  assertEquals(parse("peer closed connection without sending TLS close_notify").kind, "no-whole-answer");
  const denied = new Deno.errors.NotCapable(
    'Requires net access to "x:443", run again with the --allow-net flag',
  );
  assertEquals(whyNoAnswer(denied, 1).kind, "no-permission");
});
