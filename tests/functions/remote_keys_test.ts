import { assertEquals } from "@std/assert";
import { logged, withAuth } from "../support/project.ts";
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
