import { Buffer } from "node:buffer";
import { createPublicKey } from "node:crypto";
import { type Attack, LEGACY_CALLS, testAttacks, UNKNOWN_KEY_CALLS } from "./attack.ts";
import { base64url, headerOf, hmacSigned, signed, signingInput } from "./jws.ts";
import { projectKeys, userClaims } from "../support/project.ts";

const KEYS = Object.values(projectKeys);
const NONE = [
  "none",
  "None",
  "NONE",
  "nOnE",
  "noNe",
  "none ",
  " none",
  "none\u0000",
  "n\u043ene",
  "null",
  "",
];

/** RFC 8725, section 2.1: the `none` algorithm in every case, without signature, with an invented and with a borrowed one. */
const unsecured: Attack[] = KEYS.flatMap((key) =>
  NONE.flatMap((alg): Attack[] => {
    const input = signingInput(key, { header: { alg } });
    return [
      { name: `alg ${JSON.stringify(alg)} for ${key.kid} without signature`, token: `${input}.` },
      { name: `alg ${JSON.stringify(alg)} for ${key.kid} with a signature`, token: `${input}.AAAA` },
      {
        name: `alg ${JSON.stringify(alg)} for ${key.kid} with a good token's signature`,
        token: async () => `${input}.${(await signed(key)).split(".")[2]}`,
      },
    ];
  })
);
testAttacks(
  "an unsecured token is refused, whatever the case of `none`, without asking the Auth server",
  unsecured,
);

/** RFC 8725, section 2.1: a public key, in each form in which it is common, as the secret of an HMAC. */
const confused: Attack[] = KEYS.flatMap((key) => {
  const node = createPublicKey({ format: "jwk", key: { ...key.publicJwk } });
  const forms: Record<string, string | Uint8Array> = {
    "SPKI as PEM": node.export({ type: "spki", format: "pem" }).toString(),
    "SPKI as PEM without the last line break": node.export({ type: "spki", format: "pem" }).toString().trim(),
    "SPKI as DER": new Uint8Array(node.export({ type: "spki", format: "der" })),
    "JWK": JSON.stringify(key.publicJwk),
    "raw x or n": new Uint8Array(Buffer.from(`${key.publicJwk.x ?? key.publicJwk.n}`, "base64url")),
    "no bytes": "",
  };
  return Object.entries(forms).flatMap(([form, secret]) =>
    (["sha256", "sha384", "sha512"] as const).map((hash): Attack => ({
      name: `${hash} with ${key.kid} (${form})`,
      token: hmacSigned(hash, secret, { header: { kid: key.kid } }),
      ...(hash === "sha256" ? { calls: LEGACY_CALLS } : {}),
    }))
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
const unexpected: Attack[] = KEYS.flatMap((key) => [
  ...OTHER_ALGORITHMS.map((alg): Attack => ({
    name: `alg ${JSON.stringify(alg)} with ${key.kid}`,
    token: () => signed(key, { header: { alg } }),
  })),
  ...[null, 0, true, [key.alg], { alg: key.alg }, undefined].map((alg): Attack => ({
    name: `alg ${JSON.stringify(alg)} with ${key.kid}`,
    token: () => signed(key, { header: { alg } }),
  })),
  // The key is known and of another type, so the Auth server need not be asked.
  ...KEYS.filter((other) => other !== key).map((other): Attack => ({
    name: `alg ${other.alg} with ${key.kid}`,
    token: () => signed(key, { header: { alg: other.alg } }),
  })),
]);
testAttacks("an algorithm that is not the key's own is refused without asking the Auth server", unexpected);

testAttacks("a key ID cannot select another key, key type or file", [
  ...KEYS.flatMap((key) =>
    KEYS.filter((other) => other !== key).map((other): Attack => ({
      name: `${key.kid}'s token under ${other.kid}`,
      token: () => signed(key, { header: { kid: other.kid } }),
    }))
  ),
  ...[
    "../../../../dev/null",
    "/dev/null",
    "' UNION SELECT 'key' --",
    "|id",
    "__proto__",
    "\u0000",
    "",
    "project-EC",
  ]
    .map((kid): Attack => ({
      name: `kid ${JSON.stringify(kid)}`,
      token: () => signed(projectKeys.ES256, { header: { kid } }),
      calls: UNKNOWN_KEY_CALLS,
    })),
  ...[null, 0, ["project-ec"], { kid: "project-ec" }, true, undefined].map((kid): Attack => ({
    name: `kid ${JSON.stringify(kid)}`,
    token: () => signed(projectKeys.ES256, { header: { kid } }),
  })),
  {
    name: "HS256 with the secret that tutorials use",
    token: hmacSigned("sha256", "your-256-bit-secret"),
    calls: LEGACY_CALLS,
  },
  {
    name: "the signature of another token of the same key",
    token: async () => {
      const [header, payload] = signingInput(projectKeys.ES256).split(".");
      const other = await signed(projectKeys.ES256, { payload: userClaims({ email: "other@example.com" }) });
      return `${header}.${payload}.${other.split(".")[2]}`;
    },
  },
  { name: "only a header", token: base64url(JSON.stringify(headerOf(projectKeys.ES256))) },
]);
