/** The longest secret that is decoded, in characters. Supabase limits a secret to 48 KiB. */
const MAX_SECRET_CHARACTERS = 64 * 1024;

/** A secret: its name, and a value that must never reach an answer or a log. */
export interface Secret {
  readonly name: string;
  readonly value: string;
}

/** What a secret decodes to, or the end of the sentence "The secret …". The problem repeats nothing of the value. */
export type Decoded = { ok: true; value: unknown } | { ok: false; problem: string };

/** Both ends of what shells, files, documents and editors put around a value. */
const QUOTES = ['""', "''", "``", "“”", "„“", "‘’"];

/** More layers than anyone adds by accident. */
const MAX_WRAPPINGS = 8;

/** What is pasted in the place of JSON or its base64: the end of "it is …". */
const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^-----BEGIN [A-Z\d ]*PRIVATE KEY-----/, "a private key in PEM form"],
  [/^-----BEGIN [A-Z\d ]*PUBLIC KEY-----/, "a public key in PEM form"],
  [/^-----BEGIN CERTIFICATE-----/, "a certificate"],
  // How the base64 of DER begins, between the lines of a PEM.
  [/^-----BEGIN |^MI[GI]|^MFkw|^MC[4o]/, "a PEM or a part of one"],
  [/^sb_secret_/, "a secret API key of Supabase"],
  [/^sb_publishable_/, "a publishable API key of Supabase"],
  [/^sbp_/, "a personal access token of Supabase"],
  [/^(ssh|ecdsa)-/, "an SSH key"],
  [/^ey[\w-]+\.[\w-]+\.[\w-]*$/, "a JWT: a token, or a legacy API key of Supabase"],
  [/^(0x)?([\da-f]{2}[:\s-]?){16,}$/i, "a hex string"],
  [/^[a-z][a-z\d+.-]*:\/\//i, "a URL"],
  [/^(~|\.{1,2})?\/[\w./ -]{1,255}$|^[a-z]:\\/i, "the path of a file"],
  [/^\S{1,255}\.(json|jwks?|pem|key|env|txt)$/i, "the path of a file"],
  [/^(export\s+)?[A-Z][A-Z\d_]*\s*=\s*\S/, "a line that sets another name"],
  [/^\$[({\w]/, "an expression that a shell did not replace"],
  [/\p{Cf}/u, "text with invisible characters in it"],
  [/^[^\0]\0/, "text in UTF-16, not in UTF-8"],
  [/^\[?\s*\{\s*[^"\s}]/, "JSON whose quotation marks a shell or an editor removed or changed"],
  [/^[{[]/, "JSON that was cut or edited"],
];

/**
 * Takes off what comes along when a value is pasted: white space, a byte order mark, the rest of the line or command
 * that sets it, quotation marks at both ends, `\n` as two characters at the end, and the backslashes of `{\"kty\":…`.
 * JSON, base64, a URL and a number have none of these, so what is right stays. So do quotation marks that may not be one
 * pair.
 *
 * @param name The name under which it was set; a line that sets another name stays.
 * @param layers How many of these are taken off at most.
 */
export function unwrap(text: string, name?: string, layers = MAX_WRAPPINGS): string {
  const value = text.trim();
  if (layers === 0 || value.length > MAX_SECRET_CHARACTERS) return value;
  const unwrapRest = (rest: string) => unwrap(rest, name, layers - 1);
  const line = value.replace(/^(export|set|(npx )?supabase secrets set)\s+|^\$env:/, "");
  const assigned = name !== undefined && line.startsWith(name) ? line.slice(name.length).trimStart() : "";
  if (/^[=:]/.test(assigned)) return unwrapRest(assigned.slice(1));
  const lineEnd = /(?<!\\)\\+[nr]$/.exec(value);
  if (lineEnd !== null) return unwrapRest(value.slice(0, lineEnd.index));
  const [first = "", last = ""] = [value.at(0), value.at(-1)];
  if (value.length > 1 && QUOTES.includes(first + last)) {
    const quoted = value.slice(1, -1);
    const rest = unwrapRest(quoted);
    const isJson = /^[{[]/.test(rest) && /[}\]]$/.test(rest);
    return isJson || !(quoted.includes(first) || quoted.includes(last)) ? rest : value;
  }
  // JSON has no backslash before its first string.
  if (!/^[{[]([\s{[]|\\[nrt])*\\+"/.test(value)) return value;
  const unescaped = parseJson(`"${value.replace(/\s/g, " ")}"`);
  return unescaped.ok ? unwrapRest(`${unescaped.value}`) : value;
}

/**
 * Decodes the JSON of a secret, as people paste it: the JSON itself, or base64 or base64url of its UTF-8 bytes. Padding
 * is optional, and line breaks in it, as `base64` writes them, are allowed. A value that was cut or edited is a problem,
 * never a best guess.
 */
export function decodeJsonSecret(text: string): Decoded {
  const pasted = unwrap(text);
  if (pasted.length > MAX_SECRET_CHARACTERS) return problem("too long");
  const decoded = /^[{[]/.test(pasted) ? parseJson(pasted) : decodeBase64Json(pasted);
  const kind = decoded.ok ? undefined : kindOf(pasted);
  return kind === undefined ? decoded : problem(kind);
}

function decodeBase64Json(text: string): Decoded {
  const bytes = decodeBase64(text);
  if (bytes === undefined) return problem("neither JSON nor base64");
  try {
    const encoded = unwrap(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    const decoded = parseJson(encoded);
    if (decoded.ok) return decoded;
    const kind = kindOf(encoded) ?? (decodeJsonSecret(encoded).ok ? "base64: decode it once" : undefined);
    return problem(
      kind === undefined ? "base64, but not of JSON: it was cut or edited" : `base64 of ${kind}`,
    );
  } catch {
    return problem("base64, but not of UTF-8: it was cut or edited");
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

/** The bytes of base64url without padding (RFC 7515, section 2), if it is that; bits after the last byte are ignored. */
export function decodeBase64url(text: string): Uint8Array | undefined {
  if (!/^[\w-]+$/.test(text) || text.length % 4 === 1) return undefined;
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/**
 * Whether a text is what an encoder writes as base64url: no padding, no white space, no unused bit that is set (RFC 7515,
 * section 2; RFC 4648, section 3.5).
 */
export function isCanonicalBase64url(text: string): boolean {
  return /^([\w-]{4})*([\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?$/.test(text);
}

/** The bytes of canonical base64 or base64url, in lines or not. */
function decodeBase64(text: string): Uint8Array | undefined {
  const joined = text.replace(/\s+|\\[nr]/g, "").replace(/={1,2}$/, "");
  const unpadded = joined.replaceAll("+", "-").replaceAll("/", "_");
  return isCanonicalBase64url(unpadded) ? decodeBase64url(unpadded) : undefined;
}

function parseJson(json: string): Decoded {
  try {
    return { ok: true, value: JSON.parse(json) };
  } catch {
    return problem("JSON that was cut or edited");
  }
}

function kindOf(text: string): string | undefined {
  return KINDS.find(([form]) => form.test(text))?.[1];
}

function problem(kind: string): Decoded {
  return { ok: false, problem: `is ${kind}` };
}
