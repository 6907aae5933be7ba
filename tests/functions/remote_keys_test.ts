import { assertEquals } from "@std/assert";
import { remoteKeys } from "../../supabase/functions/_shared/powersync/remote-keys.ts";
import { type AuthStandIn, logged, withAuth } from "../support/project.ts";
import { bearer, startAuth, userKeys } from "../support/signed_in_caller.ts";

const userKey = userKeys.ES256;

Deno.test("a kid that is not inline comes from the project's JWKS, fetched once by concurrent first requests", async () => {
  await withAuth([userKey.publicJwk], async (auth) => {
    const { code } = startAuth(auth);
    const token = await bearer();
    const codes = await Promise.all(Array.from({ length: 20 }, () => code(token)));
    assertEquals([...new Set(codes)], ["200"]);
    assertEquals(await code(token), "200");
    assertEquals(auth.calls, { jwks: 1, user: 0 });
  });
});

Deno.test("a rotated signing key is found by one refetch after the cool-down", async () => {
  await withAuth([userKey.publicJwk], async (auth) => {
    const { code, clock } = startAuth(auth);
    assertEquals(await code(await bearer()), "200");
    auth.jwks = () => Response.json({ keys: [userKey.publicJwk, userKeys.RS256.publicJwk] });
    clock.ms += 31_000;
    assertEquals(await code(await bearer({}, userKeys.RS256)), "200");
    assertEquals(auth.calls, { jwks: 2, user: 0 });
  });
});

Deno.test("when a refetch fails the last good keys stay in use for 60 minutes, then it is a 503 until they are back", async () => {
  await withAuth([userKey.publicJwk], async (auth) => {
    const { code, clock } = startAuth(auth);
    const at = (ms: number) => bearer({ exp: Math.floor((clock.ms + ms) / 1000) + 60 });
    assertEquals(await code(await bearer()), "200");
    const good = auth.jwks;
    for (
      const broken of [
        () => new Response("<html>", { status: 200 }),
        () => new Response(null, { status: 500 }),
        () => Response.json({}),
        () => Response.redirect("http://127.0.0.1:9/"),
      ]
    ) {
      auth.jwks = broken;
      clock.ms += 11 * 60_000;
      assertEquals(await code(await at(0)), "200");
    }
    clock.ms += 17 * 60_000;
    await logged(async () => assertEquals(await code(await at(0)), "503 AUTH_SERVER_UNAVAILABLE"));
    const asked = auth.calls.jwks;
    await logged(async () => assertEquals(await code(await at(0)), "503 AUTH_SERVER_UNAVAILABLE"));
    assertEquals(auth.calls.jwks, asked, "a failure is not repeated at once");
    auth.jwks = good;
    clock.ms += 1000;
    assertEquals(await code(await at(0)), "200");
  });
});

/** The remote keys of a stand-in, asked for one `kid` after another, with a clock that starts at 0 minutes. */
function ask(auth: Pick<AuthStandIn, "url">) {
  const clock = { ms: 1_800_000_000_000 };
  const keys = remoteKeys(new URL(`${auth.url}/auth/v1/.well-known/jwks.json`), () => clock.ms);
  const outcome = async (kid = "es") => {
    try {
      return (await keys({ alg: "ES256", kid }, { payload: "", signature: "" })).type;
    } catch (error) {
      return error instanceof Error ? error.name : "?";
    }
  };
  return { clock, outcome };
}

const MINUTE_MS = 60_000;

Deno.test("keys are fetched anew after 10 minutes, when a token comes", async () => {
  await withAuth([userKey.publicJwk], async (auth) => {
    const { clock, outcome } = ask(auth);
    assertEquals([await outcome(), auth.calls.jwks], ["public", 1]);
    clock.ms += 10 * MINUTE_MS - 1;
    assertEquals([await outcome(), auth.calls.jwks], ["public", 1]);
    clock.ms += 1;
    assertEquals([await outcome(), auth.calls.jwks], ["public", 2]);
  });
});

Deno.test("a key that was removed from the set is unknown from the next fetch on", async () => {
  await withAuth([userKey.publicJwk], async (auth) => {
    const { clock, outcome } = ask(auth);
    await outcome();
    auth.jwks = () => Response.json({ keys: [userKeys.RS256.publicJwk] });
    clock.ms += 10 * MINUTE_MS;
    assertEquals(await outcome(), "JWKSNoMatchingKey");
  });
});

Deno.test("unknown kids cause one fetch in 30 seconds", async () => {
  await withAuth([userKey.publicJwk], async (auth) => {
    const { clock, outcome } = ask(auth);
    for (const [step, fetches] of [[0, 1], [29_999, 1], [1, 2], [29_999, 2], [1, 3]] as const) {
      clock.ms += step;
      const outcomes = await Promise.all([outcome("a"), outcome("b"), outcome("es")]);
      assertEquals(outcomes, ["JWKSNoMatchingKey", "JWKSNoMatchingKey", "public"]);
      assertEquals(auth.calls.jwks, fetches);
    }
  });
});

Deno.test("while a good set is at hand, a fetch that failed is tried again after 30 seconds", async () => {
  await withAuth([userKey.publicJwk], async (auth) => {
    const { clock, outcome } = ask(auth);
    await outcome();
    auth.jwks = () => new Response(null, { status: 500 });
    for (const [step, fetches] of [[10 * MINUTE_MS, 2], [29_999, 2], [1, 3]] as const) {
      clock.ms += step;
      assertEquals([await outcome(), auth.calls.jwks], ["public", fetches]);
    }
  });
});

Deno.test("without any set, a fetch that failed is tried again after a second", async () => {
  await withAuth([userKey.publicJwk], async (auth) => {
    const { clock, outcome } = ask(auth);
    const good = auth.jwks;
    auth.jwks = () => new Response(null, { status: 500 });
    for (const [step, fetches] of [[0, 1], [999, 1], [1, 2]] as const) {
      clock.ms += step;
      assertEquals([await outcome(), auth.calls.jwks], ["KeysUnavailable", fetches]);
    }
    auth.jwks = good;
    clock.ms += 1000;
    assertEquals(await outcome(), "public");
  });
});

Deno.test("a set that cannot be renewed serves for 60 minutes and not a moment longer", async () => {
  await withAuth([userKey.publicJwk], async (auth) => {
    const { clock, outcome } = ask(auth);
    await outcome();
    auth.jwks = () => Response.json({ keys: "none" });
    clock.ms += 60 * MINUTE_MS - 1;
    assertEquals(await outcome(), "public");
    clock.ms += 1;
    assertEquals(await outcome(), "KeysUnavailable");
  });
});

Deno.test("an empty set is an answer: no key is known, and nothing is unavailable", async () => {
  await withAuth([], async (auth) => {
    assertEquals(await ask(auth).outcome(), "JWKSNoMatchingKey");
  });
});
