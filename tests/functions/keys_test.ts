import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { loadKeyRing, publicJwks, signingKeyAt } from "../../supabase/functions/_shared/powersync/keys.ts";
import { base64 } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";

const PRIVATE = "POWERSYNC_PRIVATE_KEY";
const PUBLIC = "POWERSYNC_PUBLIC_KEY";
const rsa = await makeKey("RS256", "powersync-0123456789");
const ec = await makeKey("ES256", "ec");

function load(signing: Record<string, unknown>, extra: Record<string, unknown> = {}) {
  const secrets = (values: Record<string, unknown>) =>
    Object.entries(values).map(([name, value]) => ({
      name,
      value: typeof value === "string" ? value : base64(value),
    }));
  return loadKeyRing({ signing: secrets(signing), extra: secrets(extra) });
}

async function problemOf(jwk: unknown, as: "signing" | "extra" = "signing"): Promise<string | undefined> {
  const ring = as === "signing" ? await load({ [PRIVATE]: jwk }) : await load({}, { [PUBLIC]: jwk });
  assertEquals(ring.signing.length + ring.published.length, 0);
  const [problem] = ring.problems;
  assert(problem !== undefined && problem.error.message.includes(as === "signing" ? PRIVATE : PUBLIC));
  return problem.error.code;
}

Deno.test("a signing key signs, and its public half is published under the same kid and alg", async () => {
  const ring = await load({ [PRIVATE]: { ...ec.privateJwk, nbf: 5 } });
  assertEquals(ring.problems, []);
  const { secret, kid, alg, notBefore, privateKey } = signingKeyAt(ring, 10);
  assertEquals({ secret, kid, alg, notBefore }, { secret: PRIVATE, kid: "ec", alg: "ES256", notBefore: 5 });
  assertFalse(privateKey.extractable);
  assertEquals(publicJwks(ring).keys.map((key) => ({ ...key })), [{ ...ec.publicJwk }]);
});

Deno.test("whoever signs loads the signing keys alone", async () => {
  const ring = await loadKeyRing({ signing: [{ name: PRIVATE, value: base64(ec.privateJwk) }] });
  assertEquals([signingKeyAt(ring, 0).kid, ring.published.length, ring.problems.length], ["ec", 1, 0]);
});

Deno.test("a secret that is not a JWK as a whole is malformed", async () => {
  const cases: [string, unknown][] = [
    ["an array in an array", [[rsa.privateJwk]]],
    ["cut base64", base64(rsa.privateJwk).slice(0, 800)],
    ["base64 cut within a group", base64(rsa.privateJwk).slice(0, 801)],
    ["cut JSON", JSON.stringify(rsa.privateJwk).slice(0, 800)],
    ["not base64", "§$%&"],
    ["base64 of what is not UTF-8", "/////w=="],
  ];
  for (const [what, jwk] of cases) {
    assertEquals([what, await problemOf(jwk)], [what, "KEY_MALFORMED"]);
    assertEquals([what, await problemOf(jwk, "extra")], [what, "KEY_MALFORMED"]);
  }
});

Deno.test("a problem names its secret, the state found and the setting that helps", async () => {
  const { problems } = await load({ [`${PRIVATE}_2`]: { ...rsa.privateJwk, n: "AQAB" } });
  const [{ code, message, hint } = { code: "", message: "", hint: "" }] = problems.map(({ error }) => error);
  assertEquals({ code, message }, {
    code: "KEY_TOO_WEAK",
    message: "The key in POWERSYNC_PRIVATE_KEY_2 cannot be used: it has only 17 bits.",
  });
  assert(hint.includes("2048 bits"), hint);
});

Deno.test("what the runtime threw is kept for a debugger", async () => {
  const { problems } = await load({ [PRIVATE]: { ...ec.privateJwk, d: "AA" } });
  assertEquals(problems.map(({ error }) => [error.code, error.cause instanceof DOMException]), [
    ["KEY_MALFORMED", true],
  ]);
});

Deno.test("a private key in a public secret is refused and never published", async () => {
  for (const jwk of [rsa.privateJwk, { keys: [ec.privateJwk] }]) {
    assertEquals(await problemOf(jwk, "extra"), "KEY_IS_PRIVATE");
  }
  assertEquals(await problemOf({ kty: "oct", k: "c2VjcmV0" }, "extra"), "KEY_IS_SYMMETRIC");
  assertEquals(await problemOf({ keys: [] }, "extra"), "KEY_MALFORMED");
});

Deno.test("a public secret may hold a JWK, an array, or a JWKS; one bad key beside good ones is left out", async () => {
  const third = (await makeKey("EdDSA", "third")).publicJwk;
  const ring = await load({}, {
    [PUBLIC]: rsa.publicJwk,
    [`${PUBLIC}_A`]: [ec.publicJwk, { kty: "EC" }],
    [`${PUBLIC}_B`]: { keys: [third, null] },
  });
  assertEquals(publicJwks(ring).keys.map(({ kid }) => kid), ["powersync-0123456789", "ec", "third"]);
  assertEquals(ring.problems.map(({ secret }) => secret), [`${PUBLIC}_A`, `${PUBLIC}_B`]);
});

Deno.test("one key per kid: the public half of the signing key wins over another key, which is reported", async () => {
  const imposter = { ...(await makeKey("RS256")).publicJwk, kid: rsa.privateJwk.kid };
  const ring = await load({ [PRIVATE]: rsa.privateJwk }, { [PUBLIC]: imposter });
  assertEquals(publicJwks(ring).keys.map(({ n }) => n), [rsa.publicJwk.n]);
  assertEquals(ring.problems.map(({ error }) => error.code), ["KEY_PAIR_MISMATCH"]);
  const pair = await load({ [PRIVATE]: rsa.privateJwk }, { [PUBLIC]: rsa.publicJwk });
  assertEquals([pair.published.length, pair.problems.length], [1, 0]);
});

Deno.test("two signing keys with one kid: the later secret is left out and never signs", async () => {
  const twin = { ...(await makeKey("ES256", "ec")).privateJwk, nbf: 1 };
  const ring = await load({ [PRIVATE]: ec.privateJwk, [`${PRIVATE}_2`]: twin });
  assertEquals(ring.problems.map(({ error }) => error.code), ["KEY_ID_DUPLICATE"]);
  assertEquals(signingKeyAt(ring, 10).secret, PRIVATE);
  assertEquals(publicJwks(ring).keys.map(({ x }) => x), [ec.publicJwk.x]);
});

Deno.test("the key with the latest nbf that has passed signs; the later name wins a tie; else the earliest signs", async () => {
  const [first, second, third] = await Promise.all(["1", "2", "3"].map((kid) => makeKey("ES256", kid)));
  const at = async (starts: (number | undefined)[], now: number) => {
    const nbf = (start?: number) => start === undefined ? {} : { nbf: start };
    const ring = await load({
      [PRIVATE]: { ...first?.privateJwk, ...nbf(starts[0]) },
      [`${PRIVATE}_A`]: { ...second?.privateJwk, ...nbf(starts[1]) },
      [`${PRIVATE}_B`]: { ...third?.privateJwk, ...nbf(starts[2]) },
    });
    return signingKeyAt(ring, now).kid;
  };
  assertEquals(await at([undefined, 100, 200], 99), "1");
  assertEquals(await at([undefined, 100, 200], 100), "2");
  assertEquals(await at([undefined, 200, 100], 150), "3");
  assertEquals(await at([undefined, 200, 100], 250), "2");
  assertEquals(await at([100, 100, 100], 150), "3");
  assertEquals(await at([undefined, undefined, 300], 150), "2");
  assertEquals(await at([300, 200, 400], 100), "2");
});

Deno.test("no usable key: the error is the signing key's own, else that none is set", async () => {
  const code = (run: () => unknown) => assertThrows(run, PowerSyncAuthError).code;
  const empty = await load({});
  assertEquals(code(() => signingKeyAt(empty, 0)), "POWERSYNC_PRIVATE_KEY_MISSING");
  assertEquals(code(() => publicJwks(empty)), "POWERSYNC_PRIVATE_KEY_MISSING");
  const swapped = await load({ [PRIVATE]: rsa.publicJwk }, { [PUBLIC]: rsa.privateJwk });
  assertEquals(code(() => signingKeyAt(swapped, 0)), "KEY_IS_PUBLIC");
  assertEquals(code(() => publicJwks(swapped)), "KEY_IS_PUBLIC");
  const misplaced = await load({}, { [PUBLIC]: rsa.privateJwk });
  assertEquals(code(() => publicJwks(misplaced)), "KEY_IS_PRIVATE");
  const onlyPublic = await load({ [PRIVATE]: "" }, { [PUBLIC]: rsa.publicJwk });
  assertEquals(publicJwks(onlyPublic).keys.length, 1);
});
