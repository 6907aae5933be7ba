import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { shown } from "../cli/shown.ts";
import { MAX_TOKEN_BYTES } from "../powersync/limits.ts";
import { meaningOf, type PowerSyncCode } from "../powersync/codes.ts";
import { parseJson, whyNoAnswer } from "../setup/ask.ts";
import { redirects, whoAnswered } from "./answers.ts";
import { type Check, failed, type Found, passed, probed } from "./check.ts";
import { audienceOf, named } from "./tokens/decoded-token.ts";
import type { KnownCause } from "./causes.ts";

const INSTANCE = { id: "powersync", title: "PowerSync instance" };

/** What an instance is asked with. */
export interface InstanceOptions {
  readonly url: string;
  readonly token: string;
  /** Whose token it is, for the report. */
  readonly tokenOf: string;
  /** The token is good under every rule and the JWKS seen from here. */
  readonly tokenIsGood: boolean;
  readonly timeoutMs: number;
}

export interface InstanceFound extends Found {
  /** The audiences of a token that the instance accepted. */
  readonly accepted?: readonly unknown[];
}

/** An empty client's request for a stream. */
const REQUEST = JSON.stringify({ buckets: [], include_checksum: true, raw_data: true });

/** Far more than the first lines of a stream with thousands of buckets. */
const MAX_CHARACTERS = 4 * 1024 * 1024;

/** After its first line a stream that is refused late ends soon. */
const GRACE_MS = 300;

/** Lets a PowerSync instance itself decide on a token: opens a sync stream, and ends it after its first lines. */
export async function askInstance(options: InstanceOptions): Promise<InstanceFound> {
  const { url, token, timeoutMs } = options;
  const init = {
    method: "POST",
    headers: { Authorization: `Token ${token}`, "Content-Type": "application/json" },
    body: REQUEST,
  };
  const { response, text, error } = await readStart(`${url}/sync/stream`, { init, timeoutMs });
  if (response === undefined) {
    const { kind, seen } = whyNoAnswer(error, timeoutMs);
    return { checks: [probed(INSTANCE, kind, seen)] };
  }
  const audiences = audienceOf(token);
  const check = response.ok
    ? checkStream(text, { ...options, inTime: error === undefined })
    : checkRefusal(response, text, { ...options, audiences });
  return { checks: [check], response, accepted: check.status === "passed" ? audiences : [] };
}

/** An answer and its body as far as its first lines, or as far as it came in time: a stream has no end. */
async function readStart(
  url: string,
  { init, timeoutMs }: { init: RequestInit; timeoutMs: number },
): Promise<{ response?: Response; text: string; error?: unknown }> {
  const controller = new AbortController();
  const { promise: tooLate, reject, resolve: enough } = Promise.withResolvers<void>();
  let timer = setTimeout(() => reject(new DOMException("No answer in time.", "TimeoutError")), timeoutMs);
  const found: { response?: Response; text: string } = { text: "" };
  let body: ReadableStreamDefaultReader<string> | undefined;
  let hasLine = false;
  const read = async () => {
    found.response = await fetch(url, { ...init, redirect: "manual", signal: controller.signal });
    body = found.response.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await body?.read(); part?.done === false; part = await body?.read()) {
      found.text += part.value;
      if (found.text.length > MAX_CHARACTERS) return;
      if (hasLine || !part.value.includes("\n") || !found.response.ok) continue;
      hasLine = true;
      clearTimeout(timer);
      timer = setTimeout(enough, GRACE_MS);
    }
  };
  try {
    await Promise.race([read(), tooLate]);
    return found;
  } catch (error) {
    return { ...found, error };
  } finally {
    clearTimeout(timer);
    // The signal alone does not end a pending read after a garbage collection (see upstream.ts).
    controller.abort();
    await body?.cancel().catch(() => {});
  }
}

/** The members of a stream's lines (PowerSync Service, sync protocol). */
const LINES = ["checkpoint", "checkpoint_diff", "checkpoint_complete", "partial_checkpoint_complete", "data"];

function isStreamLine(line: unknown): boolean {
  return isJsonObject(line) && [...LINES, "token_expires_in"].some((name) => Object.hasOwn(line, name));
}

function checkStream(text: string, { tokenOf, inTime }: InstanceOptions & { inTime: boolean }): Check {
  const lines = text.split("\n").filter((line) => line !== "").map(parseJson);
  if (lines.length === 0 || !inTime) {
    return probed(INSTANCE, "instance-silent", "HTTP 200, and then nothing.");
  }
  if (!lines.some(isStreamLine)) {
    return probed(INSTANCE, "instance-not-a-service", "HTTP 200, but no line of a sync stream.");
  }
  const isOver = lines.some((line) =>
    isJsonObject(line) && typeof line.token_expires_in === "number" && line.token_expires_in <= 0
  );
  if (!isOver) return passed(INSTANCE, `It accepts ${tokenOf} and streams.`);
  const seen = "HTTP 200, and then the stream ends at once (`token_expires_in: 0`).";
  return probed(INSTANCE, "instance-clock", seen);
}

function codeOf(body: unknown): string | undefined {
  if (!isJsonObject(body) || !isJsonObject(body.error)) return undefined;
  const { code } = body.error;
  return typeof code === "string" && /^PSYNC_S\d{1,8}$/.test(code) ? code : undefined;
}

/** What an answer that is not PowerSync's means, by its status. */
const FOREIGN: readonly (readonly [KnownCause, (status: number) => boolean])[] = [
  ["instance-redirect", (status) => status >= 300 && status < 400],
  ["rate-limited", (status) => status === 429],
  ["instance-front", (status) => [401, 403, 407, 451].includes(status)],
  ["instance-down", (status) => status >= 500],
];

/** What the refusal of a token that is good says of the instance, and of its JWKS. */
const OF_GOOD_TOKENS: Readonly<Partial<Record<PowerSyncCode, readonly [KnownCause, jwks?: string]>>> = {
  PSYNC_S2101: ["instance-other-jwks", "Its JWKS lacks the token's key."],
  PSYNC_S2201: ["instance-other-jwks", "Its JWKS holds a key that cannot be imported."],
  PSYNC_S2204: ["instance-other-jwks", "It cannot fetch its JWKS, or gets something else."],
  PSYNC_S2103: ["instance-clock"],
  PSYNC_S2104: ["instance-lifetime"],
  PSYNC_S2106: ["instance-no-header"],
};

function checkRefusal(
  response: Response,
  text: string,
  { url, token, tokenIsGood, audiences, tokenOf }: InstanceOptions & { audiences: readonly unknown[] },
): Check {
  const { status } = response;
  const answered = codeOf(parseJson(text));
  const seen = `HTTP ${status}${answered === undefined ? "" : `, ${answered}`}, for ${tokenOf}.`;
  if (status === 431) {
    const size =
      `The token has ${token.length} bytes; a PowerSync Service accepts about ${MAX_TOKEN_BYTES}, a proxy in front of it often less.`;
    return failed(INSTANCE, "HTTP 431", { seen: `${seen} ${size}`, code: "HTTP 431" });
  }
  if (answered === undefined) return checkForeign(response, text);
  if (answered === "PSYNC_S2302") return probed(INSTANCE, "instance-no-sync-config", seen);
  const meaning = meaningOf(answered);
  if (meaning === undefined) {
    return probed(INSTANCE, status === 404 ? "instance-no-route" : "instance-error", seen);
  }
  const { code, fix: hint } = meaning;
  if (code === "PSYNC_S2105") {
    if (audiences.includes(url)) return probed(INSTANCE, "instance-audience", { seen, code });
    const expected = `The token's \`aud\` is ${named(audiences)}; the instance, ${
      shown(url, 120)
    }, expects another.`;
    return failed(INSTANCE, code, { seen: `${seen} ${expected}`, code, hint });
  }
  const [cause, jwks = ""] = tokenIsGood ? OF_GOOD_TOKENS[code] ?? [] : [];
  return cause === undefined
    ? failed(INSTANCE, code, { seen: `${seen} ${meaning.cause}`, code, hint })
    : probed(INSTANCE, cause, { seen: `${seen} ${jwks}`.trim(), code });
}

/** Something other than a PowerSync Service answers; a redirect that keeps the stream's path tells the right URL. */
function checkForeign(response: Response, text: string): Check {
  const [cause] = FOREIGN.find(([, isIt]) => isIt(response.status)) ?? ["instance-not-a-service"];
  const target = redirects(response) ? response.headers.get("Location") ?? "" : "";
  const url = /^(https?:\/\/[^?#]*[^?#/])\/+sync\/stream$/.exec(target)?.[1];
  const change = url === undefined ? {} : { change: { set: { POWERSYNC_URL: url } } };
  return probed(INSTANCE, cause, { seen: whoAnswered(response, text).seen, ...change });
}
