/** What each answer of the functions, and their absence, means to the real @powersync/node. */
import { assert, assertEquals } from "@std/assert";
import { type ErrorCode, ERRORS } from "../../../supabase/functions/_shared/powersync/errors.ts";
import { type Fault, functionGone, hang, hangInBody, html, refusedBy, reset } from "../harness/faults.ts";
import { type App, signUp, withApp } from "./app.ts";

/** What `fetchCredentials` returns, or the members of the error that it throws. */
async function fetched(app: App, connector: "signedIn" | "anonymous"): Promise<unknown> {
  return await app.run(`return await app.${connector}.fetchCredentials().catch((error) => {
    const { name, message, status, code, hint, reason } = error;
    return { name, message, status, code, hint, reason };
  })`);
}

const CODES = Object.keys(ERRORS) as ErrorCode[];

/** What only a new sign-in helps against. */
const SIGN_IN_AGAIN: readonly ErrorCode[] = ["USER_TOKEN_INVALID", "USER_TOKEN_EXPIRED"];

Deno.test("a refused user token is not signed in; every other code is an error with code, message and hint", async () => {
  await withApp(async (app, { proxy }) => {
    await app.run(signUp());
    for (const code of CODES) {
      proxy.fail("powersync-auth", refusedBy(code));
      const { status, message, hint } = ERRORS[code];
      const error = { name: "TokenError", message: `${code}: ${message} ${hint}`, status, code, hint };
      assertEquals(await fetched(app, "signedIn"), SIGN_IN_AGAIN.includes(code) ? null : error);
    }
    // An anonymous user is never asked to sign in: the same codes would be a fault of the app.
    proxy.fail("powersync-auth-anonymous", refusedBy("API_KEY_INVALID"));
    assert(JSON.stringify(await fetched(app, "anonymous")).includes("API_KEY_INVALID"));
  });
});

Deno.test("the word that claims.ts gives to a refusal reaches the app", async () => {
  await withApp(async (app, { dev }) => {
    await app.run(signUp());
    const claims = `import { refusal } from "./errors.ts";
      export function anonymousClaims() {}
      export function signedInClaims() { throw refusal("Revoked.", { hint: "Ask us.", reason: "DEVICE_REVOKED" }); }`;
    const path = "supabase/functions/_shared/powersync/claims.ts";
    await dev.edit(path, () => claims, /^Changed: the functions were loaded again/);
    assertEquals(await fetched(app, "signedIn"), {
      name: "TokenError",
      message: "CLAIMS_REFUSED: Revoked. Ask us.",
      status: 403,
      code: "CLAIMS_REFUSED",
      hint: "Ask us.",
      reason: "DEVICE_REVOKED",
    });
  });
});

const UNREADABLE: readonly (readonly [string, Fault, string])[] = [
  ["a proxy's 502 in HTML", html, "502 Bad Gateway"],
  ["a captive portal's 200 in HTML", () => new Response("<h1>Sign in to Wi-Fi</h1>"), "Sign in to Wi-Fi"],
  ["JSON that is not an object", () => Response.json(null, { status: 500 }), "null"],
  ["JSON without a token", () => Response.json({ ok: true }), "ok"],
  [
    "a gateway's own words",
    () => Response.json({ msg: "Error: Missing header" }, { status: 401 }),
    "Missing header",
  ],
  ["nothing but a status", () => Response.json({}, { status: 401 }), "not the function's answer"],
  [
    "a function of another version",
    () => Response.json({ token: "secret", powersync_url: "http://instance" }),
    "powersync_url",
  ],
  [
    "a page that is hard to read",
    () => new Response("<".repeat(1_000_000), { status: 502 }),
    "not the function's answer",
  ],
  ["no function of that name", functionGone, "NOT_FOUND: Requested function was not found"],
  [
    "a gateway's code in numbers",
    () => Response.json({ code: 401, message: "Missing authorization header" }, { status: 401 }),
    "401: Missing",
  ],
  ["a connection that is reset", reset, "Failed to send a request to the Edge Function"],
  ["a function that hangs", hang, "No answer within 300 ms."],
  ["an error whose body hangs", hangInBody, "No answer within 300 ms."],
];

Deno.test("what is not an answer of the function is an error that says what it is", async (t) => {
  await withApp(async (app, { proxy }) => {
    await app.run(signUp());
    for (const [name, fault, text] of UNREADABLE) {
      await t.step(name, async () => {
        proxy.fail("powersync-auth", fault);
        const error = JSON.stringify(await fetched(app, "signedIn"));
        assert(error.includes(text) && !/<\w|secret/.test(error), error);
      });
    }
  }, { timeoutMs: 300 });
});

Deno.test("a function for the access token gets no argument, and may be synchronous or return nothing", async () => {
  await withApp(async (app, { proxy }) => {
    await app.run(signUp());
    const fetches = (accessToken: string) =>
      app.run(
        `return await app.connectorOf(${accessToken}).fetchCredentials().catch(({ message }) => message)`,
      );
    // Firebase's getIdToken would refresh its token if it got one.
    assertEquals(
      await fetches("(...given) => Promise.reject(new Error(`${given.length} given`))"),
      "0 given",
    );
    assertEquals(await fetches("() => { throw new Error('at once') }"), "at once");
    assertEquals([await fetches("() => ''"), await fetches("() => undefined")], [null, null]);
    assertEquals(proxy.requests("powersync-auth").length, 0);
  });
});

Deno.test("the real SDK refuses an endpoint with a trailing slash, which the functions never answer", async () => {
  await withApp(async (app, { proxy, sync }) => {
    const answer = { token: "t", endpoint: `${sync.url}/`, expires_at: new Date().toISOString() };
    proxy.fail("powersync-auth", () => Response.json(answer));
    await app.run(signUp());
    await app.run("await app.connect(app.signedIn)");
    await app.shows("downloadError", "trailing");
  });
});

Deno.test("the SDK tries again until the cause is gone, and shows it meanwhile", async (t) => {
  for (
    const [fault, shown] of [
      [functionGone, "NOT_FOUND"],
      [refusedBy("AUTH_SERVER_UNAVAILABLE"), "AUTH_SERVER_UNAVAILABLE: Supabase Auth did not answer"],
      [refusedBy("API_KEY_INVALID"), "API_KEY_INVALID"],
      [refusedBy("CLAIMS_REFUSED"), "CLAIMS_REFUSED"],
      [refusedBy("USER_TOKEN_INVALID"), "Not signed in"],
      [html, "502 Bad Gateway"],
    ] as const
  ) {
    await t.step(shown, async () => {
      await withApp(async (app, { proxy, sync }) => {
        proxy.fail("powersync-auth", fault);
        await app.run("app.follow(app.signedIn)");
        const user = await app.run(signUp());
        await app.shows("downloadError", shown);
        proxy.recover("powersync-auth");
        assertEquals((await sync.stream(0)).user, user);
      });
    });
  }
});

Deno.test("two renewals: the function is asked each time, and the stream goes on with the new token", async () => {
  await withApp(async (app, { proxy, sync }) => {
    await app.run("app.follow(app.signedIn)");
    await app.run(signUp());
    (await sync.stream(0)).keepAlive(29);
    (await sync.stream(1)).keepAlive(29);
    await sync.stream(2);
    // Twice for each renewal: the SDK throws the first answer away.
    assertEquals(proxy.requests("powersync-auth").length, 1 + 2 * 2);
    assertEquals(app.count("connect"), 1);
  });
});

Deno.test("a renewal that fails leaves the connection until its token ends; then the SDK tries again", async () => {
  await withApp(async (app, { proxy, sync }) => {
    await app.run("app.follow(app.signedIn)");
    await app.run(signUp());
    const stream = await sync.stream(0);
    proxy.fail("powersync-auth", refusedBy("AUTH_SERVER_UNAVAILABLE"));
    stream.keepAlive(29);
    await proxy.asked("powersync-auth", 2);
    assertEquals(stream.isClosed, false);
    stream.endToken();
    await app.shows("downloadError", "AUTH_SERVER_UNAVAILABLE");
    proxy.recover("powersync-auth");
    await sync.stream(1);
  });
});

Deno.test("a token that PowerSync refuses is replaced by a new one", async () => {
  await withApp(async (app, { sync, proxy }) => {
    sync.refuseNext(1);
    await app.run("app.follow(app.signedIn)");
    const user = await app.run(signUp());
    assertEquals((await sync.stream(0)).user, user);
    assertEquals([sync.refusals.length, proxy.requests("powersync-auth").length], [1, 2]);
  });
});

Deno.test("disconnecting does not wait for a function that hangs", async () => {
  await withApp(async (app, { proxy }) => {
    proxy.fail("powersync-auth", hang);
    await app.run(signUp());
    await app.run("app.connect(app.signedIn)");
    await proxy.asked("powersync-auth", 1);
    // Without the SDK's signal this would take an hour.
    await app.run("await app.database.disconnect()");
  }, { timeoutMs: 3_600_000 });
});
