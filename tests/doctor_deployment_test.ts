import { assert, assertEquals } from "@std/assert";
import type { CauseId } from "../scripts/doctor/causes.ts";
import type { Check } from "../scripts/doctor/check.ts";
import { examine, type ExamineOptions } from "../scripts/doctor/examine.ts";
import { CORS_HEADERS } from "../supabase/functions/_shared/powersync/http.ts";
import { base64, logged, PUBLISHABLE_KEY } from "./support/project.ts";
import { deployedKey, type Deployment, serviceError, withDeployment } from "./support/deployment.ts";
import { makeKey, sign } from "./support/signing.ts";

const other = await makeKey("ES256", "other");
const dev = await makeKey("ES256", "dev-0123456789");
const NOW = () => Date.now() / 1000;

function look(deployment: Deployment, options: Partial<ExamineOptions> = {}): Promise<Check[]> {
  return examine({
    file: undefined,
    project: deployment.url,
    publishableKey: PUBLISHABLE_KEY,
    userToken: deployment.userToken,
    audiences: [],
    now: NOW,
    slowMs: 3_000,
    timeoutMs: 5_000,
    ...options,
  });
}

const causesOf = (checks: readonly Check[]) =>
  checks.flatMap(({ cause }) => cause === undefined ? [] : [cause]);
const json = (body: unknown, init: ResponseInit = {}) => () =>
  Response.json(body, { ...init, headers: { ...CORS_HEADERS, ...init.headers } });
const html = (status: number) => () =>
  new Response("<html>", { status, headers: { "Content-Type": "text/html", ...CORS_HEADERS } });
const { x: _, ...cut } = deployedKey.publicJwk;

/** A cause, and how the deployment misbehaves when it is behind it. */
type Case = [CauseId, (deployment: Deployment) => Partial<ExamineOptions> | void];

const jwks = (answer: () => Response) => (deployment: Deployment) => {
  deployment.instead["powersync-jwks"] = answer;
};
const anonymous = (answer: () => Response) => (deployment: Deployment) => {
  deployment.instead["powersync-auth-anonymous"] = answer;
};
const service = (answer: () => Response) => (deployment: Deployment) => {
  deployment.service = answer;
  return { powersync: deployment.powersync };
};
const credentials = (powersync_url: string) => json({ token: "a.b.c", powersync_url });

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
  ["jwks-slow", () => ({ slowMs: -1 })],
  ["jwks-empty", jwks(json({ keys: [] }))],
  ["jwks-not-a-set", jwks(json({}))],
  ["jwks-private-member", jwks(json({ keys: [deployedKey.privateJwk] }))],
  ["jwks-key-malformed", jwks(json({ keys: [deployedKey.publicJwk, cut] }))],
  ["jwks-key-malformed", jwks(json({ keys: [deployedKey.publicJwk, null] }))],
  ["jwks-key-skipped", jwks(json({ keys: [deployedKey.publicJwk, { kty: "oct", k: "AAAA", kid: "o" }] }))],
  ["jwks-kid-duplicate", jwks(json({ keys: [deployedKey.publicJwk, deployedKey.publicJwk] }))],
  ["jwks-without-signing-key", jwks(json({ keys: [other.publicJwk] }))],
  ["jwks-function-error", (deployment) => {
    deployment.environment.POWERSYNC_PRIVATE_KEY = "";
  }],
  ["jwks-unreachable", () => ({ project: "http://127.0.0.1:9" })],
  ["secrets-not-deployed", () => ({
    file: {
      path: ".env.production",
      local: false,
      variables: { POWERSYNC_PRIVATE_KEY: base64(other.privateJwk) },
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
  ["function-caller-refused", () => ({ userToken: "a.b.c" })],
  ["function-claims-refused", anonymous(json({ code: "CLAIMS_REFUSED" }, { status: 403 }))],
  ["function-claims-failed", anonymous(json({ code: "CLAIMS_FAILED" }, { status: 500 }))],
  ["function-neighbour", anonymous(json({ code: "AUTH_SERVER_UNAVAILABLE" }, { status: 503 }))],
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

Deno.test("a deployment in order is healthy, down to the PowerSync instance's own answer", async () => {
  await withDeployment(async (deployment) => {
    const checks = await look(deployment, { powersync: deployment.powersync });
    assertEquals(checks.filter(({ status }) => status === "failed" || status === "warning"), []);
    assert(checks.some(({ id, seen }) => id === "powersync" && seen.includes("accepts")));
    assert(checks.filter(({ id }) => id === "function-token").length === 2);
  });
});

for (const [number, [cause, misbehave]] of CASES.entries()) {
  Deno.test(`${cause} is named when it is the cause (case ${number})`, async () => {
    await withDeployment(async (deployment) => {
      await logged(async () => {
        const options = misbehave(deployment) ?? {};
        const checks = await look(deployment, options);
        assert(causesOf(checks).includes(cause), JSON.stringify(checks, null, 1));
        for (const check of checks) if (check.status === "failed") assert(check.fix !== undefined);
      });
    });
  });
}

Deno.test("a development key and plain http fail for a deployment that is none of this computer's", async () => {
  const { examineJwks } = await import("../scripts/doctor/jwks.ts");
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

Deno.test("the clock difference is measured from the Date header", async () => {
  await withDeployment(async (deployment) => {
    const checks = await look(deployment, { now: () => NOW() - 300 });
    assert(causesOf(checks).includes("clock-here"));
    const late = new Date(Date.now() + 300_000).toUTCString();
    deployment.service = () => new Response("{}\n", { headers: { Date: late } });
    assert(causesOf(await look(deployment, { powersync: deployment.powersync })).includes("clock-servers"));
  });
});

Deno.test("without credentials the functions are looked at all the same, and what was skipped is said", async () => {
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

Deno.test("each fault of a token is named with its code", async () => {
  const now = Math.floor(NOW());
  const good = { sub: "u", aud: "https://a.example", iat: now, exp: now + 300 };
  const { sub: _sub, ...noSubject } = good;
  const { aud: _aud, ...noAudience } = good;
  const header = (changes: Record<string, unknown>) => sign(good, { key: deployedKey, header: changes });
  const claims = (changes: Record<string, unknown>) => sign({ ...good, ...changes }, { key: deployedKey });
  const cases: [CauseId, string, string | undefined][] = [
    ["token-audience", await claims({ aud: "https://a.example/" }), "PSYNC_S2105"],
    ["token-audience-missing", await sign(noAudience, { key: deployedKey }), "PSYNC_S2105"],
    ["token-lifetime", await claims({ exp: now + 90_000 }), "PSYNC_S2104"],
    ["token-expired", await claims({ iat: now - 900, exp: now - 600 }), "PSYNC_S2103"],
    ["token-not-yet-valid", await claims({ nbf: now + 600 }), "PSYNC_S2101"],
    ["token-claim-missing", await sign(noSubject, { key: deployedKey }), "PSYNC_S2101"],
    ["token-claim-not-a-number", await claims({ iat: "now" }), "PSYNC_S2101"],
    ["token-parameters", await claims({ parameters: [] }), "PSYNC_S2101"],
    ["token-kid-unknown", await header({ kid: "nobody" }), "PSYNC_S2101"],
    ["token-signature", await sign(good, { key: other, header: { kid: deployedKey.kid } }), "PSYNC_S2101"],
    ["token-subject-type", await claims({ sub: 42 }), undefined],
    ["token-issuer-supabase", await claims({ iss: "https://x.supabase.co" }), undefined],
    ["token-malformed", "a.b", "PSYNC_S2101"],
    ["token-too-large", await claims({ text: "x".repeat(17_000) }), "HTTP 431"],
    ["token-alg-refused", await sign(good, { key: await makeKey("PS256", "ps") }), "PSYNC_S2101"],
  ];
  await withDeployment(async (deployment) => {
    for (const [cause, token, code] of cases) {
      const checks = await look(deployment, {
        token,
        audiences: ["https://a.example"],
        project: undefined,
        jwksUrl: `${deployment.url}/functions/v1/powersync-jwks`,
      });
      const found = checks.find((check) => check.cause === cause);
      assertEquals([cause, found?.code], [cause, code]);
    }
  });
});
