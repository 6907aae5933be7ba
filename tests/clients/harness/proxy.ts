/** A Supabase project on loopback that can fail: `deno task dev` behind a proxy, with PostgREST's place for rows. */
import { type Asked, HttpStandIn, type Reply } from "../../support/http_stand_in.ts";
import { Changes } from "./changes.ts";
import type { Fault } from "./faults.ts";

/** What can fail on its own. */
export type Part = "powersync-auth" | "powersync-auth-anonymous" | "refresh" | "sign-out" | "rows";

const PARTS: Readonly<Record<Part, RegExp>> = {
  "powersync-auth": /^\/functions\/v1\/powersync-auth(?:\?|$)/,
  "powersync-auth-anonymous": /^\/functions\/v1\/powersync-auth-anonymous(?:\?|$)/,
  refresh: /^\/auth\/v1\/token\?(?:.*&)?grant_type=refresh_token(?:&|$)/,
  "sign-out": /^\/auth\/v1\/logout(?:\?|$)/,
  rows: /^\/rest\/v1\//,
};

/** Answers of Auth that hold a new session. */
const SESSION = /^\/auth\/v1\/(?:token|signup)(?:\?|$)/;

/** Headers that belong to one connection, or to a body before it was read. */
const NOT_FORWARDED = ["host", "connection", "content-length", "content-encoding", "transfer-encoding"];

export class Proxy {
  readonly #server: HttpStandIn;
  readonly #faults = new Map<Part, Fault>();
  readonly #asked = new Map<Part, Asked[]>();
  readonly #changes = new Changes();
  readonly #answers = new Set<Promise<unknown>>();

  /** Whether new sessions look ended, so that clients refresh them at their next use. Their tokens last an hour. */
  endsSessions = false;

  /**
   * @param origin Where `deno task dev` serves.
   * @param rows What answers under `/rest/v1/`.
   */
  constructor(origin: string, rows: (asked: Asked) => Reply | Promise<Reply>) {
    this.#server = new HttpStandIn(async (asked) => {
      const part = partOf(asked.path);
      if (part !== undefined) {
        this.#asked.set(part, [...this.requests(part), asked]);
        this.#changes.changed();
        const fault = this.#faults.get(part);
        if (fault !== undefined) return fault();
        if (part === "rows") return await rows(asked);
      }
      return await this.#forward(origin, asked);
    });
  }

  /** The project's URL. */
  get url(): string {
    return this.#server.url;
  }

  /** Makes a part answer with a fault, until it recovers. */
  fail(part: Part, fault: Fault): void {
    this.#faults.set(part, fault);
  }

  recover(part: Part): void {
    this.#faults.delete(part);
  }

  /** What a part was asked so far, the oldest first. */
  requests(part: Part): readonly Asked[] {
    return this.#asked.get(part) ?? [];
  }

  /** Waits until a part has been asked so often in all. */
  async asked(part: Part, times: number): Promise<void> {
    const find = () => this.requests(part).length >= times ? true : undefined;
    await this.#changes.until(`request ${times} of ${part}`, find, () => this.requests(part).length);
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    await Promise.allSettled(this.#answers);
  }

  async #forward(origin: string, asked: Asked): Promise<Response> {
    const { method, path } = asked;
    const headers = new Headers(asked.headers);
    for (const name of NOT_FORWARDED) headers.delete(name);
    const answer = fetch(`${origin}${path}`, {
      method,
      headers,
      body: asked.body.length === 0 ? null : asked.body,
    })
      .then(async (response) => ({ response, bytes: await response.bytes() }));
    this.#answers.add(answer);
    const { response, bytes } = await answer.finally(() => this.#answers.delete(answer));
    const answered = new Headers(response.headers);
    for (const name of NOT_FORWARDED) answered.delete(name);
    const isSession = this.endsSessions && SESSION.test(path) && response.ok;
    const body = isSession ? ended(bytes) : bytes.length === 0 ? null : bytes;
    return new Response(body, { status: response.status, headers: answered });
  }
}

function ended(session: Uint8Array<ArrayBuffer>): string {
  const expires_at = Math.floor(Date.now() / 1000) - 10;
  return JSON.stringify({ ...JSON.parse(new TextDecoder().decode(session)), expires_in: -10, expires_at });
}

function partOf(path: string): Part | undefined {
  const names = Object.keys(PARTS) as Part[];
  return names.find((name) => PARTS[name].test(path));
}
