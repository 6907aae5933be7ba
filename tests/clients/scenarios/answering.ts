/** What each answer of the functions, and their absence, means to an app. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type ErrorCode, ERRORS } from "../../../supabase/functions/_shared/powersync/errors.ts";
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
import { ADA, type Scenarios, type Scene, signUp, syncAsAda } from "../harness/scenario.ts";

/** What the connector returns or throws for one call outside of the SDK. */
type Asked = null | { readonly token: string } | {
  readonly error: string;
  readonly status: number;
  readonly code: string;
  readonly hint: string;
  readonly reason: string;
};

/** Asks for credentials with an access token, or anonymously without one. */
async function ask({ device }: Scene, token = "", timeoutMs = 15_000): Promise<Asked> {
  return await device.call("ask", { token, timeoutMs }) as Asked;
}

async function errorOf(scene: Scene, token?: string, timeoutMs?: number) {
  const asked = await ask(scene, token, timeoutMs);
  assert(asked !== null && "error" in asked, JSON.stringify(asked));
  return asked;
}

/** What only a new sign-in helps against. */
const SIGN_IN_AGAIN = ["USER_TOKEN_INVALID", "USER_TOKEN_EXPIRED"];

/** What is not an answer of the function, and what the error shows of it. */
const UNREADABLE: readonly (readonly [Fault, string])[] = [
  [html, "502 Bad Gateway"],
  [() => new Response("<p>Accept the terms"), "Accept the terms"],
  [() => Response.json(null, { status: 500 }), "null"],
  [() => Response.json({ ok: true }), "ok"],
  [() => Response.json({ msg: "Error: Missing header" }, { status: 401 }), "Missing header"],
  [() => Response.json({}, { status: 401 }), "{}"],
  // A function of another version.
  [() => Response.json({ token: "t", powersync_url: "http://instance" }), "powersync_url"],
  // Pages that are hard to read.
  [() => new Response("<".repeat(1_000_000), { status: 502 }), "<<<"],
  [() => new Response(`<p>${"<br> ".repeat(50_000)}`, { status: 502 }), ""],
];

/** In words of somebody else, which the error repeats. */
const FOREIGN: readonly (readonly [Fault, string])[] = [
  [functionGone, "Requested function was not found"],
  [
    () => Response.json({ code: 401, message: "Missing authorization header" }, { status: 401 }),
    "Missing authorization header",
  ],
  [status(401), "Status 401"],
];

export const ANSWERING: Scenarios = {
  async "a refused user token is null; every other code is an error with code, message and hint"(scene) {
    const { proxy } = scene;
    const { token } = await signUp(scene, ADA);
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const { message, hint, status } = ERRORS[code];
      proxy.fail("powersync-auth", refusedBy(code));
      if (SIGN_IN_AGAIN.includes(code)) assertEquals(await ask(scene, token), null);
      else {
        const { error, ...asked } = await errorOf(scene, token);
        assertEquals([asked.code, asked.status, asked.hint, asked.reason ?? null], [
          code,
          status,
          hint,
          null,
        ]);
        for (const part of [code, message, hint]) assertStringIncludes(error, part);
      }
    }
    proxy.fail("powersync-auth-anonymous", refusedBy("API_KEY_INVALID"));
    assertEquals((await errorOf(scene)).code, "API_KEY_INVALID");
  },

  async "what is not an answer of the function is an error that says what it is"(scene) {
    const { proxy, sdk: { texts } } = scene;
    const { token } = await signUp(scene, ADA);
    for (
      const [name, accessToken] of [["powersync-auth", token], ["powersync-auth-anonymous", ""]] as const
    ) {
      for (const [fault, text] of UNREADABLE) {
        proxy.fail(name, fault);
        const { error } = await errorOf(scene, accessToken);
        assertStringIncludes(error, "not the function's answer");
        assertStringIncludes(error, text);
      }
      for (const [fault, text] of [...FOREIGN, [reset, texts.reset] as const]) {
        proxy.fail(name, fault);
        assertStringIncludes((await errorOf(scene, accessToken)).error, text);
      }
      for (const fault of [hang, hangInBody]) {
        proxy.fail(name, fault);
        assertStringIncludes((await errorOf(scene, accessToken, 300)).error, texts.hang);
      }
      proxy.recover(name);
      const asked = await ask(scene, accessToken);
      assert(asked !== null && "token" in asked, JSON.stringify(asked));
    }
  },

  async "the word that claims.ts gives to a refusal reaches the app"(scene) {
    const { token } = await signUp(scene, ADA);
    const refusal = `refusal("Revoked.", { hint: "Ask us.", reason: "DEVICE_REVOKED" })`;
    const claims = `import { refusal } from "./errors.ts";
      export function anonymousClaims() {}
      export function signedInClaims() { throw ${refusal}; }`;
    const path = "supabase/functions/_shared/powersync/claims.ts";
    await scene.dev.edit(path, () => claims, /^Changed: the functions were loaded again/);
    const { status, code, hint, reason } = await errorOf(scene, token);
    assertEquals([status, code, hint, reason], [403, "CLAIMS_REFUSED", "Ask us.", "DEVICE_REVOKED"]);
  },

  async "PowerSync shows why it cannot connect, and connects when the cause is gone"(scene) {
    const { device, proxy, sync, sdk } = scene;
    const { user } = await signUp(scene, ADA);
    await device.call("open");
    const refusals: [Fault, string][] = [
      [refusedBy("USER_TOKEN_INVALID"), sdk.texts.notSignedIn],
      [refusedBy("API_KEY_INVALID"), "API_KEY_INVALID"],
      [refusedBy("CLAIMS_REFUSED"), "CLAIMS_REFUSED"],
      [refusedBy("AUTH_SERVER_UNAVAILABLE"), "Supabase Auth did not answer"],
      [html, "502 Bad Gateway"],
      [functionGone, "NOT_FOUND"],
    ];
    for (const [index, [fault, text]] of refusals.entries()) {
      proxy.fail("powersync-auth", fault);
      if (index === 0) await device.call("signIn", ADA);
      await device.shows("downloadError", text);
    }
    assertEquals(sync.streams.length, 0);
    proxy.recover("powersync-auth");
    assertEquals((await sync.stream(0)).user, user);
    assertEquals(proxy.requests("powersync-auth-anonymous"), []);
  },

  async "a token that PowerSync refuses is replaced by a new one"(scene) {
    const { sync, proxy } = scene;
    sync.refuseNext(1);
    await syncAsAda(scene);
    assertEquals([sync.refusals.length, proxy.requests("powersync-auth").length], [1, 2]);
  },
};
