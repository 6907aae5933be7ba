/** What each answer of a function means to a Kotlin app. */
import { assertEquals, assertRejects } from "@std/assert";
import {
  type Fault,
  functionGone,
  hang,
  hangInBody,
  html,
  refusedBy,
  reset,
  status,
} from "../harness/faults.ts";
import type { Scenarios } from "./scenarios.ts";

const ADA = { email: "ada@example.com", password: "correct horse" };

/** The connector's error for an answer; `null` means that the user must sign in again. */
const ANSWERS: readonly (readonly [Fault, string | null])[] = [
  [refusedBy("USER_TOKEN_INVALID"), null],
  [refusedBy("USER_TOKEN_EXPIRED"), null],
  [refusedBy("USER_TOKEN_MISSING"), "TokenException: USER_TOKEN_MISSING: "],
  [refusedBy("API_KEY_INVALID"), "TokenException: API_KEY_INVALID: "],
  [refusedBy("OAUTH_CLIENT_NOT_ALLOWED"), "TokenException: OAUTH_CLIENT_NOT_ALLOWED: "],
  [refusedBy("POWERSYNC_URL_MISSING"), "TokenException: POWERSYNC_URL_MISSING: "],
  [refusedBy("AUTH_SERVER_UNAVAILABLE"), "TokenException: AUTH_SERVER_UNAVAILABLE: "],
  [functionGone, "TokenException: NOT_FOUND: Requested function was not found"],
  [html, "502: This is not the function's answer: 502 Bad Gateway nginx"],
  [
    () => new Response("<p>Accept the terms", { headers: { "Content-Type": "text/html" } }),
    "200: This is not the function's answer: Accept the terms",
  ],
  [
    () => new Response(`<p>${"<br> ".repeat(50_000)}`, { status: 502 }),
    "502: This is not the function's answer: ",
  ],
  [() => new Response("<".repeat(200_000), { status: 502 }), "function's answer: <<<"],
  [status(401), "TokenException: 401: Status 401"],
  [reset, "unexpected end of stream"],
  [hang, "TimeLimitException: No answer within 1s"],
  [hangInBody, "TimeLimitException: No answer within 1s"],
];

export const ANSWERING: Scenarios = {
  async "each answer of a function is credentials, null or a readable error"(
    { device, proxy, sync, supabase },
  ) {
    const { data: { session } } = await supabase().auth.signUp(ADA);
    for (
      const [name, caller] of [
        ["powersync-auth", session?.access_token],
        ["powersync-auth-anonymous", "anonymous"],
      ] as const
    ) {
      const ask = (seconds = 15) => device.call("ask", { as: caller, seconds });
      for (const [fault, error] of ANSWERS) {
        proxy.fail(name, fault);
        if (error === null) assertEquals(await ask(), { endpoint: null });
        else await assertRejects(() => ask(error.endsWith("within 1s") ? 1 : 15), Error, error);
      }
      proxy.recover(name);
      assertEquals(await ask(), { endpoint: sync.url });
    }
  },

  async "an error names the code, the message and what to do"({ device, proxy }) {
    proxy.fail(
      "powersync-auth-anonymous",
      () => Response.json({ code: "CODE", message: "What happened.", hint: "What to do." }, { status: 500 }),
    );
    const ask = () => device.call("ask", { as: "anonymous", seconds: 15 });
    await assertRejects(ask, Error, "TokenException: CODE: What happened. What to do.");
  },

  async "PowerSync shows why it cannot connect, and connects when the cause is gone"(
    { device, proxy, sync },
  ) {
    await device.call("open");
    proxy.fail("powersync-auth", refusedBy("USER_TOKEN_EXPIRED"));
    await device.call("signUp", ADA);
    await device.error("Not logged in");
    for (
      const [fault, error] of [[refusedBy("API_KEY_INVALID"), "API_KEY_INVALID"], [
        functionGone,
        "NOT_FOUND",
      ]] as const
    ) {
      proxy.fail("powersync-auth", fault);
      await device.error(error);
    }
    proxy.recover("powersync-auth");
    await sync.stream(0);
  },

  async "a function that does not answer is given up after 15 seconds, and asked again"(
    { device, proxy, sync },
  ) {
    await device.call("open");
    proxy.fail("powersync-auth", hang);
    const startedMs = performance.now();
    await device.call("signUp", ADA);
    await device.error("No answer within 15s");
    const seconds = (performance.now() - startedMs) / 1000;
    assertEquals(seconds > 14 && seconds < 30, true, `${seconds} s`);
    proxy.recover("powersync-auth");
    await sync.stream(0);
  },
};
