import { Buffer } from "node:buffer";
import { createPublicKey } from "node:crypto";
import { type Attack, LEGACY, testAttacks, UNKNOWN_KEY } from "./attack.ts";
import { base64url, headerOf, hmacSigned, signed, signingInput } from "./jws.ts";
import { projectKeys, userClaims } from "../support/project.ts";
import type { TestKey } from "../support/signing.ts";

const KEYS = Object.values(projectKeys);
const NONE = [..."none None NONE nOnE noNe null n\u043ene".split(" "), "none ", " none", "none\u0000", ""];

/** RFC 8725, section 2.1: the `none` algorithm in every case, without signature, with an invented and a borrowed one. */
testAttacks(
  "an unsecured token is refused, whatever the case of `none`, without asking the Auth server",
  KEYS.flatMap((key) =>
    NONE.flatMap((alg): Attack[] => {
      const input = signingInput(key, { header: { alg } });
      const name = `alg ${JSON.stringify(alg)} for ${key.kid}`;
      const borrowed = async () => `${input}.${(await signed(key)).split(".")[2]}`;
      return [
        [`${name} without signature`, `${input}.`],
        [`${name} with a signature`, `${input}.AAAA`],
        [`${name} with a good token's signature`, borrowed],
      ];
    })
  ),
);

/** RFC 8725, section 2.1: a public key, in each form in which it is common, as the secret of an HMAC. */
const confused = KEYS.flatMap((key) => {
  const node = createPublicKey({ format: "jwk", key: { ...key.publicJwk } });
  const pem = node.export({ type: "spki", format: "pem" }).toString();
  const forms: Record<string, string | Uint8Array> = {
    "SPKI as PEM": pem,
    "SPKI as PEM without the last line break": pem.trim(),
    "SPKI as DER": node.export({ type: "spki", format: "der" }),
    "JWK": JSON.stringify(key.publicJwk),
    "raw x or n": Buffer.from(`${key.publicJwk.x ?? key.publicJwk.n}`, "base64url"),
    "no bytes": "",
  };
  return Object.entries(forms).flatMap(([form, secret]) =>
    (["sha256", "sha384", "sha512"] as const).map((hash): Attack => [
      `${hash} with ${key.kid} (${form})`,
      hmacSigned(hash, secret, { header: { kid: key.kid } }),
      hash === "sha256" ? LEGACY : {},
    ])
  );
});
testAttacks("a public key does not work as an HMAC secret", confused);

const OTHER_ALGORITHMS = [
  ..."RS384 RS512 PS256 PS384 PS512 ES384 ES512 ES256K Ed448 es256 hs256 dir RSA-OAEP A128GCMKW".split(" "),
  ..."ECDH-ES __proto__ constructor toString Ed25519 ML-DSA-44".split(" "),
  "ES256 ",
  "HS256\u0000",
];

/** RFC 8725, section 3.1: only the expected algorithm; the signature is always the key's own. */
const unexpected = KEYS.flatMap((key) => {
  // The key is known and of another type, so the Auth server need not be asked.
  const otherTypes = KEYS.filter((other) => other !== key).map(({ alg }) => alg);
  return [...OTHER_ALGORITHMS, ...otherTypes, null, 0, true, [key.alg], { alg: key.alg }, undefined]
    .map((alg): Attack => [
      `alg ${JSON.stringify(alg)} with ${key.kid}`,
      () => signed(key, { header: { alg } }),
    ]);
});
testAttacks("an algorithm that is not the key's own is refused without asking the Auth server", unexpected);

const { ES256 } = projectKeys;
const withKid = (kid: unknown, key: TestKey = ES256, expected = {}): Attack => [
  `${key.kid}'s token under ${JSON.stringify(kid)}`,
  () => signed(key, { header: { kid } }),
  expected,
];
const KIDS = "../../../../dev/null /dev/null |id __proto__ \u0000 project-EC".split(" ");
testAttacks("a key ID cannot select another key, key type or file", [
  ...KEYS.flatMap((key) => KEYS.filter((other) => other !== key).map(({ kid }) => withKid(kid, key))),
  ...[...KIDS, "' UNION SELECT 'key' --", ""].map((kid) => withKid(kid, ES256, UNKNOWN_KEY)),
  ...[null, 0, ["project-ec"], { kid: "project-ec" }, true, undefined].map((kid) => withKid(kid)),
  ["HS256 with the secret that tutorials use", hmacSigned("sha256", "your-256-bit-secret"), LEGACY],
  ["the signature of another token of the same key", async () => {
    const other = await signed(ES256, { payload: userClaims({ email: "other@example.com" }) });
    return `${signingInput(ES256)}.${other.split(".")[2]}`;
  }],
  ["only a header", base64url(JSON.stringify(headerOf(ES256)))],
]);
