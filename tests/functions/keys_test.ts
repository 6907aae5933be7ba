/** The key ring: which keys sign, which are published, and which are left out. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { PowerSyncAuthError } from "../../supabase/functions/_shared/powersync/errors.ts";
import { loadKeyRing, publicJwks, signingKeyAt } from "../../supabase/functions/_shared/powersync/keys.ts";
import { base64 } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";
import { assertTable } from "../support/table.ts";

const PRIVATE = "POWERSYNC_PRIVATE_KEY";
const PUBLIC = "POWERSYNC_PUBLIC_KEY";
const rsa = await makeKey("RS256", "powersync-0123456789");
const ec = await makeKey("ES256", "ec");

type Values = Readonly<Record<string, unknown>>;

/** The ring of secrets: text as it is, anything else as base64. */
function load(signing: Values, extra?: Values) {
  const secrets = (values: Values) =>
    Object.entries(values).map(([name, value]) => ({
      name,
      value: typeof value === "string" ? value : base64(value),
    }));
  return loadKeyRing({ signing: secrets(signing), ...(extra && { extra: secrets(extra) }) });
}

const codesOf = ({ problems }: Awaited<ReturnType<typeof load>>) => problems.map(({ error }) => error.code);

/** Why nothing in a secret can be used. */
async function problemOf(name: string, jwk: unknown): Promise<string | undefined> {
  const ring = name === PRIVATE ? await load({ [name]: jwk }) : await load({}, { [name]: jwk });
  assertEquals(ring.signing.length + ring.published.length, 0);
  assert(ring.problems[0]?.error.message.includes(name));
  return codesOf(ring)[0];
}

Deno.test("a signing key signs, and its public half is published under the same kid and alg", async () => {
  // Whoever only signs loads no extra keys.
  for (const extra of [{}, undefined]) {
    const ring = await load({ [PRIVATE]: { ...ec.privateJwk, nbf: 5 } }, extra);
    assertEquals(ring.problems, []);
    const { privateKey, ...key } = signingKeyAt(ring, 10);
    assertEquals(key, { secret: PRIVATE, kid: "ec", alg: "ES256", notBefore: 5 });
    assertEquals(privateKey.extractable, false);
    assertEquals(publicJwks(ring).keys.map((key) => ({ ...key })), [{ ...ec.publicJwk }]);
  }
});

Deno.test("a secret that is not a JWK as a whole is malformed", async () => {
  const text = base64(rsa.privateJwk);
  const values = {
    "an array in an array": [[rsa.privateJwk]],
    "cut base64": text.slice(0, 800),
    "base64 cut within a group": text.slice(0, 801),
    "cut JSON": JSON.stringify(rsa.privateJwk).slice(0, 800),
    "not base64": "§$%&",
    "base64 of what is not UTF-8": "/////w==",
  };
  for (const [what, value] of Object.entries(values)) {
    const problems = [await problemOf(PRIVATE, value), await problemOf(PUBLIC, value)];
    assertEquals([what, problems], [what, ["KEY_MALFORMED", "KEY_MALFORMED"]]);
  }
});

Deno.test("a problem names its secret, the state found and the setting that helps", async () => {
  const { problems } = await load({ [`${PRIVATE}_2`]: { ...rsa.privateJwk, n: "AQAB" } });
  const [{ error } = { error: undefined }] = problems;
  assertEquals([error?.code, error?.message], [
    "KEY_TOO_WEAK",
    "The key in POWERSYNC_PRIVATE_KEY_2 cannot be used: it has only 17 bits.",
  ]);
  assert(error?.hint.includes("2048 bits"), error?.hint);
});

Deno.test("what the runtime threw is kept for a debugger", async () => {
  const { problems } = await load({ [PRIVATE]: { ...ec.privateJwk, d: "AA" } });
  const causes = problems.map(({ error }) => [error.code, error.cause instanceof DOMException]);
  assertEquals(causes, [["KEY_MALFORMED", true]]);
});

Deno.test("a private key in a public secret is refused and never published", async () => {
  await assertTable((jwk: unknown) => problemOf(PUBLIC, jwk), {
    KEY_IS_PRIVATE: [rsa.privateJwk, { keys: [ec.privateJwk] }],
    KEY_IS_SYMMETRIC: [{ kty: "oct", k: "c2VjcmV0" }],
    KEY_MALFORMED: [{ keys: [] }],
  });
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
  const imposter = (await makeKey("RS256", rsa.kid)).publicJwk;
  for (const [extra, codes] of [[imposter, ["KEY_PAIR_MISMATCH"]], [rsa.publicJwk, []]] as const) {
    const ring = await load({ [PRIVATE]: rsa.privateJwk }, { [PUBLIC]: extra });
    assertEquals(publicJwks(ring).keys.map(({ n }) => n), [rsa.publicJwk.n]);
    assertEquals<unknown>(codesOf(ring), codes);
  }
});

Deno.test("two signing keys with one kid: the later secret is left out and never signs", async () => {
  const twin = { ...(await makeKey("ES256", "ec")).privateJwk, nbf: 1 };
  const ring = await load({ [PRIVATE]: ec.privateJwk, [`${PRIVATE}_2`]: twin });
  assertEquals(codesOf(ring), ["KEY_ID_DUPLICATE"]);
  assertEquals(signingKeyAt(ring, 10).secret, PRIVATE);
  assertEquals(publicJwks(ring).keys.map(({ x }) => x), [ec.publicJwk.x]);
});

Deno.test("the key with the latest nbf that has passed signs; the later name wins a tie; else the earliest signs", async () => {
  const keys = await Promise.all(["1", "2", "3"].map((kid) => makeKey("ES256", kid)));
  const at = async (starts: (number | undefined)[], now: number) => {
    const secrets = keys.map(({ privateJwk }, i) => [`${PRIVATE}_${i}`, { ...privateJwk, nbf: starts[i] }]);
    return signingKeyAt(await load(Object.fromEntries(secrets)), now).kid;
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
  const cases: [Values, Values, string][] = [
    [{}, {}, "POWERSYNC_PRIVATE_KEY_MISSING"],
    [{ [PRIVATE]: rsa.publicJwk }, { [PUBLIC]: rsa.privateJwk }, "KEY_IS_PUBLIC"],
  ];
  for (const [signing, extra, expected] of cases) {
    const ring = await load(signing, extra);
    assertEquals([code(() => signingKeyAt(ring, 0)), code(() => publicJwks(ring))], [expected, expected]);
  }
  const misplaced = await load({}, { [PUBLIC]: rsa.privateJwk });
  assertEquals(code(() => publicJwks(misplaced)), "KEY_IS_PRIVATE");
  assertEquals(publicJwks(await load({ [PRIVATE]: "" }, { [PUBLIC]: rsa.publicJwk })).keys.length, 1);
});
