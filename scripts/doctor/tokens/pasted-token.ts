import { Buffer } from "node:buffer";
import { isJsonObject, unwrap } from "../../../supabase/functions/_shared/powersync/secret.ts";
import { shown } from "../../cli/shown.ts";
import { isWholeJwt } from "./recognise-token.ts";

/** What was pasted, taken apart. */
export interface PastedToken {
  /** The token itself; empty where there is none. */
  readonly token: string;
  /** What was around it, or why there is none: sentences. */
  readonly around?: string;
  /** White space stood inside of it. */
  readonly isBroken?: boolean;
}

/** Several wrappings are common: quotes in quotes, a header in a command. */
const MAX_LAYERS = 8;
/** Members of an answer that hold a token, the likeliest first. */
const NAMES = ["token", "access_token", "accessToken", "id_token", "idToken", "jwt"];
/** Members that hold an answer or a session. */
const CONTAINERS = ["data", "session", "currentSession", "credentials", "result", "body"];

const JWT = /(?<![\w.-])ey[\w-]+\.ey[\w-]*\.[\w-]*(?![\w-])/g;
const MEMBER = new RegExp(
  `(?<![\\w])["'\`]?(${NAMES.join("|")})["'\`]?\\s*[:=]\\s*["'\`]?([\\w.+/~-]{8,}=*)`,
);

/**
 * Takes a token out of what a person pasted or a file holds: a header, quotation marks, a JSON answer, a printed object, a
 * URL, line breaks. What is not known comes back as it is.
 */
export function unpackToken(text: string): Required<PastedToken> {
  const around: string[] = [];
  let rest = text;
  let isBroken = false;
  for (let layer = 0; layer < MAX_LAYERS; layer++) {
    const found = unpackLayer(rest);
    if (found === undefined) break;
    rest = found.token;
    isBroken ||= found.isBroken ?? false;
    if (found.around !== undefined) around.push(found.around);
  }
  return { token: rest, around: around.join(" "), isBroken };
}

/** One layer less, or `undefined` when nothing is around the text. */
function unpackLayer(text: string): PastedToken | undefined {
  // deno-lint-ignore no-control-regex
  const clean = text.replace(/\x1b\[[\d;]*[A-Za-z~]|[\p{Cf}\0]/gu, "").trim();
  if (clean !== text) {
    return {
      token: clean,
      ...(clean === text.trim() ? {} : { around: "It contained invisible characters." }),
    };
  }
  if (/^(undefined|null|NaN|\[object \w+\]|)$/.test(text)) return nothing(text);
  const json = parseJson(text);
  if (json !== undefined) return fromJson(json);
  const scheme = /^(authorization\s*[:=]\s*)?((?:bearer|token|jwt)\s+)?(?=\S)/i.exec(text)?.[0] ??
    "";
  if (scheme !== "") {
    return { token: text.slice(scheme.length), around: `\`${scheme.trim()}\` was in front of it.` };
  }
  const unquoted = unwrap(text);
  if (unquoted !== text) return { token: unquoted, around: "It was in quotation marks." };
  if (isBareToken(text)) return undefined;
  const [first = ""] = text.match(JWT) ?? [];
  if (isWholeJwt(first)) return fromText(text);
  const joined = text.replace(/\s+|\\[rn]/g, "");
  if (joined !== text && isBareToken(joined)) {
    return { token: joined, isBroken: true, around: "It contained line breaks or spaces." };
  }
  return fromText(text) ?? fromUrl(text);
}

function nothing(text: string): PastedToken | undefined {
  if (text === "") return undefined;
  return { token: "", around: `It is the text \`${text}\`, which a program prints when it has no token.` };
}

/** A JWT and nothing else. */
function isBareToken(text: string): boolean {
  return /^ey[\w-]+\.[\w-]+\.[\w-]*$/.test(text);
}

function fromJson(json: unknown, depth = 0): PastedToken | undefined {
  if (typeof json === "string") return { token: json, around: "It was in quotation marks." };
  if (Array.isArray(json)) {
    return typeof json[0] === "string" ? { token: json[0], around: "It was in a JSON list." } : undefined;
  }
  if (!isJsonObject(json)) return undefined;
  const name = NAMES.find((name) => typeof json[name] === "string");
  if (name !== undefined) {
    return { token: String(json[name]), around: `It was in a JSON object, as \`${name}\`.` };
  }
  const container = CONTAINERS.find((name) => isJsonObject(json[name]));
  if (container !== undefined) {
    const inner = depth < MAX_LAYERS ? fromJson(json[container], depth + 1) : undefined;
    if (inner === undefined) return { token: "", around: `It is JSON, and \`${container}\` holds no token.` };
    return { ...inner, around: `It was in \`${container}\`. ${inner.around ?? ""}`.trim() };
  }
  const { code, error, error_code, message } = json;
  if (code === undefined && error === undefined && message === undefined) return undefined;
  const told = [error_code ?? code, message ?? error].filter((part) => typeof part !== "object");
  return { token: "", around: `It is the JSON of an error, without a token: ${shown(told.join(" "), 200)}` };
}

/** A printed object, a URL, a cookie of Supabase, a command: where the token stands by its name, or alone. */
function fromText(text: string): PastedToken | undefined {
  const cookie = /(?:^|=)base64-([\w-]+)/.exec(text)?.[1];
  if (cookie !== undefined) {
    return {
      token: Buffer.from(cookie, "base64url").toString(),
      around: "It was in a Supabase cookie.",
    };
  }
  const [, name, member] = MEMBER.exec(text) ?? [];
  if (member !== undefined && member !== text) {
    return { token: member, around: `Other text was around it, as \`${name}\`.` };
  }
  const found = [...new Set(text.match(JWT) ?? [])];
  const [first] = found;
  if (first === undefined || first === text) return undefined;
  const more = found.length > 1 ? ` It holds ${found.length} tokens; this is about the first.` : "";
  return { token: first, around: `Other text was around it.${more}` };
}

function fromUrl(text: string): PastedToken | undefined {
  try {
    const plain = decodeURIComponent(text);
    return plain === text ? undefined : { token: plain, around: "It was URL-encoded." };
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return /^[{["]/.test(text) ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
