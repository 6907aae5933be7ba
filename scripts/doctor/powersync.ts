import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { parseJson, whyNoAnswer } from "../setup/ask.ts";
import { type CauseId, CAUSES } from "./causes.ts";
import { type Check, failed, passed } from "./check.ts";

const INSTANCE = { id: "powersync", title: "PowerSync instance" };

/** What an instance is asked with. */
export interface InstanceOptions {
  readonly url: string;
  readonly token: string;
  /** The token is good under every rule and the JWKS seen from here. */
  readonly tokenIsGood: boolean;
  readonly timeoutMs: number;
}

/** What was found, and the answer for its clock. */
export interface InstanceFound {
  readonly check: Check;
  readonly response?: Response;
}

/** An empty client's request for a stream. */
const REQUEST = JSON.stringify({ buckets: [], include_checksum: true, raw_data: true });

/** Lets a PowerSync instance itself decide on a token: opens a sync stream, and ends it after the first line. */
export async function askInstance(
  { url, token, tokenIsGood, timeoutMs }: InstanceOptions,
): Promise<InstanceFound> {
  const init = {
    method: "POST",
    headers: { Authorization: `Token ${token}`, "Content-Type": "application/json" },
    body: REQUEST,
  };
  const { response, text, error } = await readStart(`${url}/sync/stream`, { init, timeoutMs });
  if (response === undefined) {
    return { check: failed(INSTANCE, "powersync-unreachable", { seen: whyNoAnswer(error, timeoutMs).seen }) };
  }
  if (response.ok) return { check: checkStream(text, error === undefined), response };
  const code = codeOf(parseJson(text));
  const seen = `HTTP ${response.status}${code === undefined ? "" : `, ${code}`}.`;
  return { check: failed(INSTANCE, causeOfRefusal(response.status, code, tokenIsGood), { seen }), response };
}

/** An answer and its body as far as its first line, or as far as it came in time: a stream has no end. */
async function readStart(
  url: string,
  { init, timeoutMs }: { init: RequestInit; timeoutMs: number },
): Promise<{ response?: Response; text: string; error?: unknown }> {
  const controller = new AbortController();
  const tooLate = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => tooLate.reject(new DOMException("No answer in time.", "TimeoutError")),
    timeoutMs,
  );
  const found: { response?: Response; text: string } = { text: "" };
  let body: ReadableStreamDefaultReader<string> | undefined;
  const read = async () => {
    found.response = await fetch(url, { ...init, redirect: "manual", signal: controller.signal });
    body = found.response.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await body?.read(); part?.done === false; part = await body?.read()) {
      found.text += part.value;
      if (found.response.ok && found.text.includes("\n")) return;
    }
  };
  try {
    await Promise.race([read(), tooLate.promise]);
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

function checkStream(text: string, arrived: boolean): Check {
  if (!arrived) return failed(INSTANCE, "powersync-silent", { seen: "HTTP 200, and then nothing." });
  const [line = ""] = text.split("\n");
  if (isJsonObject(parseJson(line))) return passed(INSTANCE, "It accepts the token and streams.");
  const cause = line === "" ? "powersync-silent" : "powersync-not-a-service";
  return failed(INSTANCE, cause, { seen: "HTTP 200, but no line of a sync stream." });
}

function codeOf(body: unknown): string | undefined {
  if (!isJsonObject(body) || !isJsonObject(body.error)) return undefined;
  const { code } = body.error;
  return typeof code === "string" ? code.slice(0, 20) : undefined;
}

function causeOfRefusal(status: number, code: string | undefined, tokenIsGood: boolean): CauseId {
  if (status === 431) return "token-too-large";
  if (code === "PSYNC_S2101" && tokenIsGood) return "powersync-other-jwks";
  const known = `powersync-${code?.slice("PSYNC_".length).toLowerCase()}`;
  if (isCause(known)) return known;
  return code === undefined ? "powersync-not-a-service" : "powersync-error";
}

function isCause(id: string): id is CauseId {
  return Object.hasOwn(CAUSES, id);
}
