import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { type CauseId, CAUSES } from "./causes.ts";
import { parseJson, whyNot } from "./ask.ts";
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
  const signal = AbortSignal.timeout(timeoutMs);
  let response: Response;
  try {
    response = await fetch(`${url}/sync/stream`, {
      method: "POST",
      headers: { Authorization: `Token ${token}`, "Content-Type": "application/json" },
      body: REQUEST,
      redirect: "manual",
      signal,
    });
  } catch (error) {
    return { check: failed(INSTANCE, "powersync-unreachable", { seen: whyNot(error, timeoutMs).seen }) };
  }
  if (response.ok) return { check: await checkStream(response), response };
  const code = codeOf(parseJson(await readText(response)));
  const seen = `HTTP ${response.status}${code === undefined ? "" : `, ${code}`}.`;
  return { check: failed(INSTANCE, causeOfRefusal(response.status, code, tokenIsGood), { seen }), response };
}

/** The body; empty when it does not end in time, for the status alone says that the token was refused. */
async function readText(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch {
    return "";
  }
}

async function checkStream(response: Response): Promise<Check> {
  let first = "";
  try {
    for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      first += text;
      if (first.includes("\n")) break;
    }
  } catch {
    return failed(INSTANCE, "powersync-silent", { seen: "HTTP 200, and then nothing." });
  }
  const [line = ""] = first.split("\n");
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
