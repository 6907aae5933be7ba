import { assert, assertEquals } from "@std/assert";
import { generateKeyPairSync } from "node:crypto";
import type { CauseId } from "../../scripts/doctor/check.ts";
import type { ExamineOptions } from "../../scripts/doctor/scope.ts";
import { CORS_HEADERS } from "../../supabase/functions/_shared/powersync/http.ts";
import { deployedKey, type Deployment, serviceError, withDeployment } from "../support/deployment.ts";
import { captureLog } from "../support/log.ts";
import { base64 } from "../support/project.ts";
import { unsigned } from "../support/signing.ts";
import { assertShowsNothingSecret, causesOf, json, look, otherKey, unfinished } from "./examination.ts";

const html = (status: number) => () =>
  new Response("<html>", { status, headers: { "Content-Type": "text/html", ...CORS_HEADERS } });
const { x: _, ...cut } = deployedKey.publicJwk;
const { kid: _kid, ...nameless } = otherKey.publicJwk;
const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" });

/** An answer that begins and breaks off. */
const broken = () =>
  new Response(new ReadableStream({ start: (stream) => stream.error(new Error("broken off")) }), {
    headers: CORS_HEADERS,
  });
/** A cause, and how the deployment misbehaves when it is behind it. */
type Case = [CauseId, (deployment: Deployment) => Partial<ExamineOptions> | void];

type Answer = Deployment["instead"][string];

const jwks = (answer: Answer) => (deployment: Deployment) => {
  deployment.instead["powersync-jwks"] = answer;
};
const anonymous = (answer: Answer) => (deployment: Deployment) => {
  deployment.instead["powersync-auth-anonymous"] = answer;
};
const service = (answer: Answer) => (deployment: Deployment) => {
  deployment.service = answer;
  return { powersync: deployment.powersync };
};
const credentials = (powersync_url: string) => json({ token: "a.b.c", powersync_url });

/** Asks the instance alone, so that a short time is enough for everything else. */
const strange = unsigned({ alg: "ES256", kid: "strange" }, { sub: "u" });
const aloneWithToken = () => ({ project: undefined, userToken: undefined, token: strange });

const CASES: Case[] = [
  ["gateway-check", jwks(json({ code: "UNAUTHORIZED_NO_AUTH_HEADER" }, { status: 401 }))],
  ["not-deployed", jwks(json({ code: "NOT_FOUND" }, { status: 404 }))],
  ["front-page", jwks(html(200))],
  ["upstream-down", jwks(json({}, { status: 502 }))],
  ["not-supabase", jwks(json({ error: { code: "PSYNC_S2002" } }, { status: 404 }))],
  ["answer-too-large", jwks(() => new Response("x".repeat(2_000_000)))],
  ["redirect-loop", jwks(({ url }) => new Response(null, { status: 302, headers: { Location: url } }))],
  ["jwks-not-json", jwks(() => new Response("ok"))],
  ["jwks-redirect", (deployment) => {
    let asked = 0;
    deployment.instead["powersync-jwks"] = () =>
      asked++ === 0
        ? Response.redirect(`${deployment.url}/functions/v1/powersync-jwks`)
        : json({ keys: [deployedKey.publicJwk] })();
  }],
  ["jwks-slow", (deployment) => {
    deployment.instead["powersync-jwks"] = () =>
      new Promise((resolve) => setTimeout(() => resolve(json({ keys: [deployedKey.publicJwk] })()), 20));
    return { slowMs: 10 };
  }],
  ["no-answer-in-time", (deployment) => {
    deployment.instead["powersync-jwks"] = unfinished(200);
    return { timeoutMs: 50 };
  }],
  ["no-whole-answer", jwks(broken)],
  ["jwks-rsa-bits", jwks(json({ keys: [deployedKey.publicJwk, { ...weak, alg: "RS256", kid: "weak" }] }))],
  ["jwks-key-algorithm", jwks(json({ keys: [{ ...deployedKey.publicJwk, alg: "none" }] }))],
  ["jwks-kid-present", jwks(json({ keys: [deployedKey.publicJwk, nameless] }))],
  ["no-whole-answer", anonymous(broken)],
  ["no-connection", (deployment) => {
    deployment.instead["/auth/v1/signup"] = broken;
    return { userToken: undefined, signInAnonymously: true };
  }],
  ["jwks-not-empty", jwks(json({ keys: [] }))],
  ["jwks-shape", jwks(json({}))],
  ["jwks-no-private-member", jwks(json({ keys: [deployedKey.privateJwk] }))],
  ["jwks-key-imports", jwks(json({ keys: [deployedKey.publicJwk, cut] }))],
  ["jwks-member", jwks(json({ keys: [deployedKey.publicJwk, null] }))],
  ["jwks-key-used", jwks(json({ keys: [deployedKey.publicJwk, { kty: "oct", k: "AAAA", kid: "o" }] }))],
  ["jwks-kid-unique", jwks(json({ keys: [deployedKey.publicJwk, deployedKey.publicJwk] }))],
  ["signing-key-unpublished", jwks(json({ keys: [otherKey.publicJwk] }))],
  ["POWERSYNC_PRIVATE_KEY_MISSING", (deployment) => {
    deployment.environment.POWERSYNC_PRIVATE_KEY = "";
  }],
  ["no-connection", () => ({ project: "http://127.0.0.1:9" })],
  ["keys-not-deployed", () => ({
    file: {
      path: ".env.production",
      local: false,
      variables: { POWERSYNC_PRIVATE_KEY: base64(otherKey.privateJwk) },
    },
  })],
  ["gateway-check", anonymous(json({ msg: "Invalid JWT" }, { status: 401 }))],
  ["not-deployed", anonymous(json({}, { status: 404 }))],
  ["boot-error", anonymous(json({ code: "BOOT_ERROR" }, { status: 503 }))],
  ["front-error", anonymous(json({}, { status: 500 }))],
  ["front-page", anonymous(html(200))],
  ["answer-malformed", anonymous(json({ token: "x" }))],
  ["endpoint-slash", anonymous(credentials("http://127.0.0.1/"))],
  ["endpoint-other", (deployment) => {
    deployment.instead["powersync-auth-anonymous"] = credentials("https://other.example");
    return { powersync: deployment.powersync };
  }],
  ["API_KEY_INVALID", () => ({ publishableKey: "sb_publishable_wrong" })],
  ["USER_TOKEN_INVALID", () => ({ userToken: "a.b.c" })],
  ["CLAIMS_REFUSED", anonymous(json({ code: "CLAIMS_REFUSED" }, { status: 403 }))],
  ["CLAIMS_FAILED", anonymous(json({ code: "CLAIMS_FAILED" }, { status: 500 }))],
  ["AUTH_SERVER_UNAVAILABLE", anonymous(json({ code: "AUTH_SERVER_UNAVAILABLE" }, { status: 503 }))],
  ["POWERSYNC_URL_MISSING", (deployment) => {
    deployment.environment.POWERSYNC_URL = "";
  }],
  ["cors-headers", anonymous(() => Response.json({ token: "a.b.c", powersync_url: "http://x" }))],
  ["cors-preflight", (deployment) => {
    deployment.instead["powersync-auth-anonymous"] = (request) =>
      request.method === "OPTIONS" ? new Response(null, { status: 401 }) : credentials("http://x")();
  }],
  ["cors-preflight-blocked", (deployment) => {
    deployment.instead["powersync-auth-anonymous"] = (request) =>
      request.method === "OPTIONS" ? html(405)() : credentials("http://x")();
  }],
  [
    "cors-twice",
    anonymous(() => {
      const response = credentials("http://x")();
      response.headers.append("Access-Control-Allow-Origin", "https://app.example");
      return response;
    }),
  ],
  ["sign-in-refused", () => ({ userToken: undefined, signInAnonymously: true })],
  ["no-connection", () => ({ powersync: "http://127.0.0.1:9" })],
  ["instance-not-a-service", service(html(404))],
  ["instance-front", (deployment) => ({
    ...service(unfinished(401))(deployment),
    ...aloneWithToken(),
    timeoutMs: 500,
  })],
  ["instance-silent", (deployment) => ({
    ...service(unfinished(200))(deployment),
    ...aloneWithToken(),
    timeoutMs: 500,
  })],
  ["PSYNC_S2101", (deployment) => ({
    ...service(() => serviceError("PSYNC_S2101"))(deployment),
    token: strange,
  })],
  ["instance-not-a-service", service(() => new Response("hello\n"))],
  ["instance-silent", service(() => new Response(""))],
  ["instance-no-sync-config", service(() => serviceError("PSYNC_S2302", 500))],
  ["instance-other-jwks", service(() => serviceError("PSYNC_S2101"))],
  ["HTTP 431", service(() => new Response(null, { status: 431 }))],
  ["instance-other-jwks", service(() => serviceError("PSYNC_S2201"))],
  ["instance-other-jwks", service(() => serviceError("PSYNC_S2204"))],
  ["instance-audience", service(() => serviceError("PSYNC_S2105"))],
  ["instance-clock", service(() => serviceError("PSYNC_S2103"))],
  ["instance-lifetime", service(() => serviceError("PSYNC_S2104"))],
  ["instance-no-header", service(() => serviceError("PSYNC_S2106"))],
  ["instance-error", service(() => serviceError("PSYNC_S2001", 500))],
  ["instance-no-route", service(() => serviceError("PSYNC_S2002", 404))],
  ["instance-not-a-service", service(json({ ok: true }))],
  ["instance-down", service(html(502))],
  ["instance-front", service(html(403))],
  ["rate-limited", service(() => new Response("slow down", { status: 429 }))],
  ["instance-redirect", service(() => Response.redirect("https://new.example/sync/stream", 301))],
];

Deno.test("a good deployment is healthy, up to the PowerSync instance's own answer", async () => {
  await withDeployment(async (deployment) => {
    const checks = await look(deployment, { powersync: deployment.powersync });
    assertEquals(checks.filter(({ status }) => status === "failed" || status === "warning"), []);
    assert(checks.some(({ id, seen }) => id === "powersync" && seen.includes("accepts")));
    assert(checks.filter(({ id }) => id === "function-token").length === 2);
    assertShowsNothingSecret(checks, deployment);
  });
});

for (const [number, [cause, misbehave]] of CASES.entries()) {
  Deno.test(`${cause} is named when it is the cause (case ${number})`, async () => {
    await withDeployment(async (deployment) => {
      await captureLog(async () => {
        const options = misbehave(deployment) ?? {};
        const checks = await look(deployment, options);
        assert(causesOf(checks).includes(cause), JSON.stringify(checks, null, 1));
        assertShowsNothingSecret(checks, deployment);
      });
    });
  });
}
