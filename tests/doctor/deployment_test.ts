import { assert, assertEquals } from "@std/assert";
import { generateKeyPairSync } from "node:crypto";
import type { CauseId } from "../../scripts/doctor/causes.ts";
import type { ExamineOptions } from "../../scripts/doctor/examine.ts";
import { CORS_HEADERS } from "../../supabase/functions/_shared/powersync/http.ts";
import { deployedKey, type Deployment, serviceError, withDeployment } from "../support/deployment.ts";
import { captureLog } from "../support/log.ts";
import { base64 } from "../support/project.ts";
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
const aloneWithToken = () => ({ project: undefined, userToken: undefined, token: "a.b.c" });

const CASES: Case[] = [
  ["jwks-gateway-check", jwks(json({ code: "UNAUTHORIZED_NO_AUTH_HEADER" }, { status: 401 }))],
  ["jwks-not-deployed", jwks(json({ code: "NOT_FOUND" }, { status: 404 }))],
  ["jwks-html", jwks(html(200))],
  ["jwks-http-error", jwks(json({}, { status: 502 }))],
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
  ["jwks-timeout", (deployment) => {
    deployment.instead["powersync-jwks"] = unfinished(200);
    return { timeoutMs: 50 };
  }],
  ["jwks-unreachable", jwks(broken)],
  ["jwks-key-weak", jwks(json({ keys: [deployedKey.publicJwk, { ...weak, alg: "RS256", kid: "weak" }] }))],
  ["jwks-key-algorithm", jwks(json({ keys: [{ ...deployedKey.publicJwk, alg: "none" }] }))],
  ["jwks-kid-missing", jwks(json({ keys: [deployedKey.publicJwk, nameless] }))],
  ["function-unreachable", anonymous(broken)],
  ["sign-in-unreachable", (deployment) => {
    deployment.instead["/auth/v1/signup"] = broken;
    return { userToken: undefined, signInAnonymously: true };
  }],
  ["jwks-empty", jwks(json({ keys: [] }))],
  ["jwks-not-a-set", jwks(json({}))],
  ["jwks-private-member", jwks(json({ keys: [deployedKey.privateJwk] }))],
  ["jwks-key-malformed", jwks(json({ keys: [deployedKey.publicJwk, cut] }))],
  ["jwks-key-malformed", jwks(json({ keys: [deployedKey.publicJwk, null] }))],
  ["jwks-key-skipped", jwks(json({ keys: [deployedKey.publicJwk, { kty: "oct", k: "AAAA", kid: "o" }] }))],
  ["jwks-kid-duplicate", jwks(json({ keys: [deployedKey.publicJwk, deployedKey.publicJwk] }))],
  ["jwks-without-signing-key", jwks(json({ keys: [otherKey.publicJwk] }))],
  ["jwks-function-error", (deployment) => {
    deployment.environment.POWERSYNC_PRIVATE_KEY = "";
  }],
  ["jwks-unreachable", () => ({ project: "http://127.0.0.1:9" })],
  ["secrets-not-deployed", () => ({
    file: {
      path: ".env.production",
      local: false,
      variables: { POWERSYNC_PRIVATE_KEY: base64(otherKey.privateJwk) },
    },
  })],
  ["function-gateway-check", anonymous(json({ msg: "Invalid JWT" }, { status: 401 }))],
  ["function-not-deployed", anonymous(json({}, { status: 404 }))],
  ["function-boot-error", anonymous(json({ code: "BOOT_ERROR" }, { status: 503 }))],
  ["function-http-error", anonymous(json({}, { status: 500 }))],
  ["function-answer-malformed", anonymous(json({ token: "x" }))],
  ["function-endpoint-slash", anonymous(credentials("http://127.0.0.1/"))],
  ["function-endpoint-other", (deployment) => {
    deployment.instead["powersync-auth-anonymous"] = credentials("https://other.example");
    return { powersync: deployment.powersync };
  }],
  ["function-caller-refused", () => ({ publishableKey: "sb_publishable_wrong" })],
  ["function-user-refused", () => ({ userToken: "a.b.c" })],
  ["function-claims-refused", anonymous(json({ code: "CLAIMS_REFUSED" }, { status: 403 }))],
  ["function-claims-failed", anonymous(json({ code: "CLAIMS_FAILED" }, { status: 500 }))],
  ["function-upstream", anonymous(json({ code: "AUTH_SERVER_UNAVAILABLE" }, { status: 503 }))],
  ["function-secrets", (deployment) => {
    deployment.environment.POWERSYNC_URL = "";
  }],
  ["cors-headers", anonymous(() => Response.json({ token: "a.b.c", powersync_url: "http://x" }))],
  ["cors-preflight", (deployment) => {
    deployment.instead["powersync-auth-anonymous"] = (request) =>
      request.method === "OPTIONS" ? new Response(null, { status: 401 }) : credentials("http://x")();
  }],
  ["sign-in-failed", () => ({ userToken: undefined, signInAnonymously: true })],
  ["powersync-unreachable", () => ({ powersync: "http://127.0.0.1:9" })],
  ["powersync-not-a-service", service(html(404))],
  ["powersync-not-a-service", (deployment) => ({
    ...service(unfinished(401))(deployment),
    ...aloneWithToken(),
    timeoutMs: 500,
  })],
  ["powersync-silent", (deployment) => ({
    ...service(unfinished(200))(deployment),
    ...aloneWithToken(),
    timeoutMs: 500,
  })],
  ["powersync-s2101", (deployment) => ({
    ...service(() => serviceError("PSYNC_S2101"))(deployment),
    token: "a.b.c",
  })],
  ["powersync-not-a-service", service(() => new Response("hello\n"))],
  ["powersync-silent", service(() => new Response(""))],
  ["powersync-error", service(() => serviceError("PSYNC_S2302", 500))],
  ["powersync-other-jwks", service(() => serviceError("PSYNC_S2101"))],
  ["token-too-large", service(() => new Response(null, { status: 431 }))],
  ...["2102", "2103", "2104", "2105", "2106", "2201", "2202", "2203", "2204"].map((number): Case => {
    const cause = `powersync-s${number}` as CauseId;
    return [cause, service(() => serviceError(`PSYNC_S${number}`))];
  }),
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
        for (const check of checks) if (check.status === "failed") assert(check.fix !== undefined);
        assertShowsNothingSecret(checks, deployment);
      });
    });
  });
}
