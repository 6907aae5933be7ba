/** The longest secret that is decoded, in characters. Supabase limits a secret to 48 KiB. */
const MAX_SECRET_CHARACTERS = 64 * 1024;

/** A secret: its name, and a value that must never reach an answer or a log. */
export interface Secret {
  readonly name: string;
  readonly value: string;
}

/** What a secret decodes to, or the end of the sentence "The secret …". The problem repeats nothing of the value. */
export type Decoded = { ok: true; value: unknown } | { ok: false; problem: string };

/**
 * Decodes the JSON of a secret: the JSON itself, or base64 or base64url of its UTF-8 bytes. Padding is optional; white
 * space around it and line breaks in it, as `base64` writes them, are allowed. A value that was cut or edited is a
 * problem, never a best guess.
 *
 * @param text The secret's value.
 */
export function decodeJsonSecret(text: string): Decoded {
  const pasted = text.trim();
  if (pasted.length > MAX_SECRET_CHARACTERS) return { ok: false, problem: "is too long" };
  if (/^[{[]/.test(pasted)) return parseJson(pasted, "is JSON that was cut or edited");
  const bytes = decodeBase64(pasted);
  if (bytes === undefined) return { ok: false, problem: "is neither JSON nor base64" };
  try {
    const json = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return parseJson(json, "is base64, but what it encodes is not JSON: it was cut or edited");
  } catch {
    return { ok: false, problem: "is base64, but what it encodes is not UTF-8: it was cut or edited" };
  }
}

/** A JSON object: not `null`, and not an array. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A non-empty text of well-formed Unicode without control characters. A lone surrogate would become U+FFFD in a token:
 * two users, one subject.
 */
export function isPlainText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.isWellFormed() && !/\p{Cc}/u.test(value);
}

/**
 * The bytes of base64url without padding (RFC 7515, section 2); bits after the last whole byte are ignored.
 *
 * @returns `undefined` when the text is empty or not base64url.
 */
export function decodeBase64url(text: string): Uint8Array | undefined {
  if (!/^[\w-]+$/.test(text) || text.length % 4 === 1) return undefined;
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/**
 * Whether a text is what an encoder writes as base64url: no padding, no white space, no unused bit that is set (RFC 7515,
 * section 2; RFC 4648, section 3.5).
 */
export function isCanonicalBase64url(text: string): boolean {
  return /^([\w-]{4})*([\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?$/.test(text);
}

/** The bytes of canonical base64 or base64url. */
function decodeBase64(text: string): Uint8Array | undefined {
  const unpadded = text.replace(/\s+/g, "").replace(/={1,2}$/, "").replaceAll("+", "-").replaceAll("/", "_");
  return isCanonicalBase64url(unpadded) ? decodeBase64url(unpadded) : undefined;
}

function parseJson(json: string, problem: string): Decoded {
  try {
    return { ok: true, value: JSON.parse(json) };
  } catch {
    return { ok: false, problem };
  }
}
