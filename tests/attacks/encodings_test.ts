import { Buffer } from "node:buffer";
import { type Attack, testAttacks } from "./attack.ts";
import { base64url, headerOf, signed, signingInput, signInput, withRawMember } from "./jws.ts";
import { projectKeys, userClaims } from "../support/project.ts";

const KEYS = Object.values(projectKeys);
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The same bytes with other unused bits in the last character, if there are any. */
function nonCanonical(text: string): string {
  const last = ALPHABET.indexOf(text.at(-1) ?? "");
  return `${text.slice(0, -1)}${ALPHABET[last ^ 1]}`;
}

/** Text whose base64url has unused bits in its last character: its length is not a multiple of three. */
function padded(text: string): string {
  return text.length % 3 === 0 ? `${text.slice(0, -1)} ${text.slice(-1)}` : text;
}

/**
 * RFC 7515, section 2: base64url without padding, white space or anything else. The signature covers
 * the parts as they are written, so only the form is wrong; a token with several forms evades lists of revoked tokens.
 */
const REFORMED: Record<string, (part: string) => string> = {
  "padding": (part) => `${part}${"=".repeat((4 - part.length % 4) % 4 || 1)}`,
  "too much padding": (part) => `${part}====`,
  "unused bits set": nonCanonical,
  "a tab within": (part) => `${part.slice(0, 4)}\t${part.slice(4)}`,
  "the alphabet of base64": (part) => `${part.slice(0, 4)}+/+/${part.slice(4)}`,
  "a percent sign": (part) => `${part}%3D`,
  "a character beyond ASCII": (part) => `${part}\u00e9`,
  "a cut last group": (part) => `${part}${"A".repeat((5 - part.length % 4) % 4 || 4)}`,
};

for (const [index, part] of ["header", "payload", "signature"].entries()) {
  testAttacks(
    `a ${part} that is not canonical base64url is refused`,
    KEYS.flatMap((key) =>
      Object.entries(REFORMED).map(([name, reform]): Attack => [`${key.kid}: ${name}`, async () => {
        const header = padded(JSON.stringify(headerOf(key)));
        const parts = signingInput(key, { header, payload: padded(JSON.stringify(userClaims())) }).split(".");
        if (index < 2) {
          parts[index] = reform(parts[index] ?? "");
          return await signInput(key, parts.join("."));
        }
        const [, , signature = ""] = (await signInput(key, parts.join("."))).split(".");
        return `${parts.join(".")}.${reform(signature)}`;
      }])
    ),
  );
}

const key = projectKeys.ES256;

const WRONG_PARTS = ". .. ... a a.b a.b.c a..c .b.c a.b. a.b.c.d null undefined";
testAttacks("a token that is not three parts is refused", [
  ["nothing", "", { code: "USER_TOKEN_MISSING" }],
  ...WRONG_PARTS.split(" ").map((token): Attack => [token, token]),
  ["two dots too many", async () => `${await signed(key)}..`],
  ["a fourth part", async () => `${await signed(key)}.AAAA`],
  ["a detached payload", async () => (await signed(key)).replace(/\.[^.]+\./, "..")],
  ["JSON serialisation", async () => JSON.stringify({ payload: (await signed(key)).split(".")[1] })],
]);

/** Bytes that are not UTF-8, or are JSON that parsers disagree on; all signatures are valid. */
const CLAIMS = JSON.stringify(userClaims());
const BAD_PAYLOADS: Record<string, string> = {
  "not JSON": "not json",
  "empty": "",
  "null": "null",
  "an array": JSON.stringify([userClaims()]),
  "a text": JSON.stringify("x"),
  "a number": "1",
  "two objects": `${CLAIMS}{}`,
  "a trailing comma": `${CLAIMS.slice(0, -1)},}`,
  "a comment": `/**/${CLAIMS}`,
  "a raw line break in a text": withRawMember(userClaims(), "email", '"a\nb"'),
  "NaN": withRawMember(userClaims(), "exp", "NaN"),
  "hexadecimal": withRawMember(userClaims(), "exp", "0xffffffff"),
  "a plus sign": withRawMember(userClaims(), "exp", "+4000000000"),
};
/** Signs a header as it must be and a payload of any bytes. */
function signedBytes(payload: Uint8Array): Promise<string> {
  return signInput(key, `${base64url(JSON.stringify(headerOf(key)))}.${base64url(payload)}`);
}

const BAD_BYTES: Record<string, readonly number[]> = {
  "overlong UTF-8": [0xc0, 0xaf],
  "a lone continuation byte": [0x80],
  "a surrogate in UTF-8": [0xed, 0xa0, 0x80],
  "beyond U+10FFFF": [0xf5, 0x80, 0x80, 0x80],
};
testAttacks("a payload that is not a JSON object is refused, even with a valid signature", [
  ...Object.entries(BAD_PAYLOADS).map(([name, payload]): Attack => [name, () => signed(key, { payload })]),
  ...Object.entries(BAD_BYTES).map(([name, bytes]): Attack => [name, () => {
    const [before = "", after = ""] = JSON.stringify(userClaims({ email: "@@" })).split("@@");
    return signedBytes(Buffer.concat([Buffer.from(before), Uint8Array.from(bytes), Buffer.from(after)]));
  }]),
  ["UTF-16", () => signedBytes(Buffer.from(JSON.stringify(userClaims()), "utf16le"))],
]);
