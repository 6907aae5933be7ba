/** Longest secret that is decoded, in characters; Supabase itself limits a secret to 48 KiB. */
const MAX_SECRET_CHARACTERS = 64 * 1024;

/** A secret: its name, and the value that must reach no answer and no log. */
export interface Secret {
  readonly name: string;
  readonly value: string;
}

/**
 * What a secret decodes to, or what kept it from decoding. The text is for a person and holds nothing of the value.
 */
export type Decoded = { ok: true; value: unknown } | { ok: false; problem: string };

/**
 * Decodes the JSON of a secret, which stands there as it is or as base64 or base64url of its UTF-8 bytes (padding
 * optional; white space around and, as `base64` wraps its output, line breaks within are allowed). Strict: a cut or edited value is a problem, never a best guess.
 *
 * @param text The secret's value.
 */
export function decodeJsonSecret(text: string): Decoded {
  const trimmed = text.trim();
  if (trimmed.length > MAX_SECRET_CHARACTERS) return { ok: false, problem: "is too long" };
  if (trimmed.startsWith("{") || trimmed.startsWith("[")) {
    return parseJson(trimmed, "is JSON that was cut or edited");
  }
  const bytes = decodeBase64(trimmed);
  if (bytes === undefined) return { ok: false, problem: "is neither JSON nor base64" };
  try {
    const json = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return parseJson(json, "is base64, but what it encodes is not JSON: it was cut or edited");
  } catch {
    return { ok: false, problem: "is base64, but what it encodes is not UTF-8: it was cut or edited" };
  }
}

/** A JSON object: neither `null`, nor an array. */
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
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (byte) => byte.charCodeAt(0));
}

/**
 * Whether a text is the one base64url form of some bytes: no padding, no white space, no bit that decodes to nothing
 * (RFC 7515, section 2; RFC 4648, section 3.5).
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
