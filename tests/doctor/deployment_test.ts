import { assert, assertEquals } from "@std/assert";
import { generateKeyPairSync } from "node:crypto";
import { CORS_HEADERS } from "../../supabase/functions/_shared/powersync/http.ts";
import { deployedKey, type Deployment, serviceError, withDeployment } from "../support/deployment.ts";
import { serve } from "../support/serving.ts";
import { unsigned } from "../support/signing.ts";
import {
  ACCEPTS,
  all,
  answering,
  firstOf,
  type Found,
  inEnvironment,
  json,
  look,
  otherKey,
  service,
  type SetUp,
  testSetUp,
  unfinished,
  withFile,
} from "./examination.ts";

type Answer = NonNullable<Deployment["service"]>;

const html = (status: number) => () =>
  new Response("<html>", { status, headers: { "Content-Type": "text/html", ...CORS_HEADERS } });
const { x: _, ...cut } = deployedKey.publicJwk;
const { kid: _kid, ...nameless } = otherKey.publicJwk;
const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" });
/** A key of Supabase Auth. */
const ofAuth = { ...otherKey.publicJwk, kid: "11111111-2222-4333-8444-555555555555", key_ops: ["verify"] };

/** An answer that begins and breaks off. */
const broken = () =>
  new Response(new ReadableStream({ start: (stream) => stream.error(new Error("broken off")) }), {
    headers: CORS_HEADERS,
  });

const jwks = (answer: Answer) => answering("powersync-jwks", answer);
const keys = (...keys: unknown[]) => jwks(json({ keys }));
const anonymous = (answer: Answer) => answering("powersync-auth-anonymous", answer);
const credentials = (powersync_url: string) => json({ token: "a.b.c", powersync_url });
const preflight = (answer: () => Response) =>
  anonymous((request) => request.method === "OPTIONS" ? answer() : credentials("http://x")());
const refuses = (code: string, status = 401) => service(() => serviceError(code, status));

/** Asks the instance alone, so that a short time is enough for everything else. */
const strange = unsigned({ alg: "ES256", kid: "strange" }, { sub: "u" });
const alone = () => ({ project: undefined, userToken: undefined, token: strange, timeoutMs: 500 });

const signsIn = () => ({ userToken: undefined, signInAnonymously: true });

/** What is found first, and the set-up. */
const CASES: readonly (readonly [first: string, setUp: SetUp, found?: Found])[] = [
  ["jwks gateway-check", jwks(json({ code: "UNAUTHORIZED_NO_AUTH_HEADER" }, { status: 401 }))],
  ["jwks front-page", jwks(html(200))],
  ["jwks not-supabase", jwks(json({ error: { code: "PSYNC_S2002" } }, { status: 404 }))],
  ["jwks answer-too-large", jwks(() => new Response("x".repeat(2_000_000)))],
  ["jwks redirect-loop", jwks(({ url }) => new Response(null, { status: 302, headers: { Location: url } }))],
  ["jwks jwks-not-json", jwks(() => new Response("ok"))],
  ["jwks jwks-redirect", (deployment) => {
    let asked = 0;
    const moved = () => Response.redirect(`${deployment.url}/functions/v1/powersync-jwks`);
    deployment.instead["powersync-jwks"] = () =>
      asked++ === 0 ? moved() : json({ keys: [deployedKey.publicJwk] })();
  }, { status: "warning" }],
  ["jwks jwks-slow", (deployment) => {
    const answer = json({ keys: [deployedKey.publicJwk] });
    deployment.instead["powersync-jwks"] = () =>
      new Promise((resolve) => setTimeout(() => resolve(answer()), 20));
    return { slowMs: 10 };
  }],
  ["jwks no-answer-in-time", all(jwks(unfinished(200)), () => ({ timeoutMs: 50 }))],
  ["jwks no-whole-answer", jwks(broken)],
  ["jwks jwks-rsa-bits", keys(deployedKey.publicJwk, { ...weak, alg: "RS256", kid: "weak" })],
  ["jwks jwks-key-algorithm", keys({ ...deployedKey.publicJwk, alg: "none" })],
  ["jwks jwks-kid-present", keys(deployedKey.publicJwk, nameless), { status: "warning" }],
  ["jwks jwks-not-empty", keys()],
  ["jwks jwks-shape", jwks(json({}))],
  ["jwks jwks-no-private-member", keys(deployedKey.privateJwk)],
  ["jwks jwks-key-imports", keys(deployedKey.publicJwk, cut)],
  ["jwks jwks-no-private-member", keys(deployedKey.publicJwk, { kty: "oct", k: "AAAA", kid: "o" }), {
    also: /^jwks jwks-key-used:/m,
  }],
  ["jwks jwks-kid-unique", keys(deployedKey.publicJwk, deployedKey.publicJwk), { status: "warning" }],
  ["jwks jwks-of-auth", all(keys(ofAuth), withFile())],
  ["function-token signing-key-unpublished", keys(otherKey.publicJwk)],
  // A function that signs with the file's key has the secrets, whatever the JWKS shows.
  ["function-token jwks-behind", all(keys(otherKey.publicJwk), withFile(), service(ACCEPTS))],
  [
    "deployed-keys keys-not-deployed",
    withFile({ POWERSYNC_PRIVATE_KEY: JSON.stringify(otherKey.privateJwk) }),
  ],
  ["jwks POWERSYNC_PRIVATE_KEY_MISSING", inEnvironment({ POWERSYNC_PRIVATE_KEY: "" })],
  ["jwks no-connection", () => ({ project: "http://127.0.0.1:9" })],
  ["jwks no-tls", ({ url }) => ({ project: url.replace("http:", "https:") })],

  ["powersync-auth-anonymous no-whole-answer", anonymous(broken)],
  ["powersync-auth-anonymous not-deployed", anonymous(json({}, { status: 404 }))],
  ["powersync-auth-anonymous front-error", anonymous(json({}, { status: 500 }))],
  ["powersync-auth-anonymous answer-malformed", anonymous(json({ token: "x" }))],
  [
    "powersync-auth front-redirect",
    answering("powersync-auth", () => Response.redirect("https://x.example")),
  ],
  ["powersync-auth-anonymous endpoint-slash", anonymous(credentials("http://127.0.0.1/"))],
  [
    "powersync-auth-anonymous endpoint-other",
    all(anonymous(credentials("https://other.example")), service(ACCEPTS)),
  ],
  ["powersync-auth-anonymous API_KEY_INVALID", () => ({ publishableKey: "sb_publishable_wrong" })],
  // A key that was only guessed is left out.
  ["", () => ({ publishableKey: "sb_publishable_wrong", isKeyGuessed: true }), {
    also: /^anonymous-token undefined: Pass --publishable-key/m,
  }],
  ["user-token user-token-is-opaque", () => ({ userToken: "aa.bb.cc" }), {
    also: /^powersync-auth USER_TOKEN_INVALID:/m,
  }],
  ["powersync-auth-anonymous CLAIMS_REFUSED", anonymous(json({ code: "CLAIMS_REFUSED" }, { status: 403 }))],
  ["powersync-auth-anonymous CLAIMS_FAILED", anonymous(json({ code: "CLAIMS_FAILED" }, { status: 500 }))],
  [
    "powersync-auth-anonymous AUTH_SERVER_UNAVAILABLE",
    anonymous(json({ code: "AUTH_SERVER_UNAVAILABLE" }, { status: 503 })),
  ],
  ["powersync-auth-anonymous POWERSYNC_URL_MISSING", inEnvironment({ POWERSYNC_URL: "" })],
  [
    "powersync-auth-anonymous cors-headers",
    anonymous(() => Response.json({ token: "a.b.c", powersync_url: "http://x" })),
  ],
  ["powersync-auth-anonymous-cors cors-preflight", preflight(() => new Response(null, { status: 401 }))],
  ["powersync-auth-anonymous-cors cors-preflight-blocked", preflight(html(405))],
  [
    "powersync-auth-anonymous cors-twice",
    anonymous(() => {
      const response = credentials("http://x")();
      response.headers.append("Access-Control-Allow-Origin", "https://app.example");
      return response;
    }),
  ],
  ["sign-in sign-in-refused", signsIn],
  ["sign-in no-connection", all(answering("/auth/v1/signup", broken), signsIn)],
  // The doctor stops waiting for an Auth server that never answers.
  [
    "sign-in no-connection",
    all(answering("/auth/v1/signup", unfinished(200)), signsIn, () => ({ timeoutMs: 200 })),
  ],
  // No secret can be uploaded to a paused project.
  [
    "jwks project-paused",
    all(
      ...["powersync-jwks", "powersync-auth", "powersync-auth-anonymous"].map((name) =>
        answering(name, () => new Response(null, { status: 540 }))
      ),
      withFile({ POWERSYNC_URL: "https://your-instance.powersync.journeyapps.com" }),
      service(ACCEPTS),
    ),
  ],

  ["powersync no-connection", () => ({ powersync: "http://127.0.0.1:9" })],
  ["powersync instance-not-a-service", service(html(404))],
  ["token token-is-cut", all(service(unfinished(401)), alone), { also: /^powersync instance-front:/m }],
  ["token token-is-cut", all(service(unfinished(200)), alone), { also: /^powersync instance-silent:/m }],
  ["token token-is-cut", all(refuses("PSYNC_S2101"), () => ({ token: strange })), {
    also: /^powersync PSYNC_S2101:/m,
  }],
  ["powersync instance-not-a-service", service(() => new Response("hello\n"))],
  ["powersync instance-silent", service(() => new Response(""))],
  ["powersync instance-no-sync-config", refuses("PSYNC_S2302", 500)],
  ["powersync instance-other-jwks", refuses("PSYNC_S2101")],
  ["powersync HTTP 431", service(() => new Response(null, { status: 431 }))],
  ["powersync instance-other-jwks", refuses("PSYNC_S2201")],
  ["powersync instance-other-jwks", refuses("PSYNC_S2204")],
  ["powersync instance-audience", refuses("PSYNC_S2105")],
  ["powersync instance-clock", refuses("PSYNC_S2103")],
  ["powersync instance-lifetime", refuses("PSYNC_S2104")],
  ["powersync instance-no-header", refuses("PSYNC_S2106")],
  ["powersync instance-error", refuses("PSYNC_S2001", 500)],
  ["powersync instance-no-route", refuses("PSYNC_S2002", 404)],
  ["powersync instance-not-a-service", service(json({ ok: true }))],
  ["powersync instance-down", service(html(502))],
  ["powersync instance-front", service(html(403))],
  ["powersync rate-limited", service(() => new Response("slow down", { status: 429 }))],
  [
    "powersync instance-redirect",
    service(() => Response.redirect("https://new.example/sync/stream", 308)),
    {
      change: { set: { POWERSYNC_URL: "https://new.example" } },
      seen: /HTTP 308: it redirects to https:\/\/new\.example/,
    },
  ],
  ["powersync instance-clock", service(() => new Response('{"token_expires_in":0}\n'))],
  // A clock that is ahead explains why the instance takes tokens for expired.
  [
    "clocks clock-instance",
    service(() => {
      const response = serviceError("PSYNC_S2103");
      response.headers.set("Date", new Date(Date.now() + 600_000).toUTCString());
      return response;
    }),
  ],
  // What was named and cannot be reached, or is something else, comes before what differs from it.
  [
    "powersync no-connection",
    all(
      withFile({ POWERSYNC_URL: "https://x.powersync.journeyapps.com" }),
      () => ({ powersync: "http://127.0.0.1:1" }),
    ),
  ],
  [
    "powersync instance-not-a-service",
    all(withFile({ POWERSYNC_URL: "https://x.powersync.journeyapps.com" }), service(json({ ok: true }))),
  ],
];

for (const [number, [first, setUp, found]] of CASES.entries()) {
  testSetUp(`${first} is found first when it is the cause (case ${number})`, first, setUp, found);
}

Deno.test("a good deployment is healthy, up to the PowerSync instance's own answer", async () => {
  await withDeployment(async (deployment) => {
    const checks = await look(deployment, { powersync: deployment.powersync });
    assertEquals(checks.filter(({ status }) => status !== "passed"), []);
    assert(checks.some(({ id, seen }) => id === "powersync" && seen.includes("accepts")));
    assert(checks.filter(({ id }) => id === "function-token").length === 2);
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

for (
  const [first, key] of [
    ["jwks jwks-of-auth", ofAuth],
    ["jwks jwks-of-another", otherKey.publicJwk],
    ["", deployedKey.publicJwk],
  ] as const
) {
  Deno.test(`${first || "nothing"} is found of another JWKS than the project's own, by its keys`, async () => {
    await using other = serve(() => Response.json({ keys: [key] }));
    await withDeployment(async (deployment) => {
      assertEquals(firstOf(await look(deployment, { jwksUrl: other.url })), first);
    });
  });
}
