/**
 * A stand-in of the PowerSync Service, for its clients: checks tokens by the service's rules (scripts/powersync), and
 * gives each user one row of `notes`, whose ID is the token's `sub`.
 */
import { decodeJwt } from "jose";
import { checkToken } from "../../../scripts/powersync/check-token.ts";
import { verdictOf } from "../../../scripts/powersync/result.ts";
import { Changes } from "./changes.ts";
import { SyncStream, type TokenClaims } from "./sync_stream.ts";

export class SyncStandIn {
  /** What the service fetched from its `jwks_uri`. */
  jwks: unknown = { keys: [] };
  /** Streams in the order in which they were opened. */
  readonly #streams: SyncStream[] = [];
  readonly #refusals: string[] = [];
  readonly #changes = new Changes();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #refuseNext = 0;
  #checkpoint = 0;

  constructor() {
    const onError = (error: unknown) => {
      this.#refusals.push(`the stand-in failed: ${error}`);
      return new Response(null, { status: 500 });
    };
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {}, onError },
      (request) => this.#answer(request),
    );
  }

  /** The instance's URL: POWERSYNC_URL and the audience of tokens. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  get streams(): readonly SyncStream[] {
    return this.#streams;
  }

  /** The codes of refused requests, the oldest first. */
  get refusals(): readonly string[] {
    return this.#refusals;
  }

  /** Refuses the next requests with 401, as after a key was removed. */
  refuseNext(times: number): void {
    this.#refuseNext = times;
  }

  /** Waits for the stream with this number, the first is 0. */
  async stream(index: number): Promise<SyncStream> {
    return await this.#until(`stream ${index}`, () => this.#streams[index]);
  }

  /** Waits until no stream is open. */
  async allClosed(): Promise<void> {
    await this.#until(
      "closed streams",
      () => this.#streams.every((stream) => stream.isClosed) ? true : undefined,
    );
  }

  async stop(): Promise<void> {
    for (const stream of this.#streams) stream.end();
    await this.#server.shutdown();
  }

  async #until<Found>(what: string, find: () => Found | undefined): Promise<Found> {
    const state = () => ({ streams: this.#streams.map(({ user }) => user), refusals: this.#refusals });
    return await this.#changes.until(what, find, state);
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const claims = await this.#check(request.headers.get("Authorization") ?? "");
    if (typeof claims === "string") return refused(claims);
    if (pathname === "/write-checkpoint2.json") return this.#writeCheckpoint(claims);
    if (pathname !== "/sync/stream" || request.method !== "POST") return new Response(null, { status: 404 });
    const { buckets = [] }: { buckets?: { name: string; after: string }[] } = await request.json();
    const stream = new SyncStream(claims, { buckets, onClosed: () => this.#changes.changed() });
    this.#streams.push(stream);
    this.#changes.changed();
    return new Response(stream.body, { headers: { "Content-Type": "application/x-ndjson" } });
  }

  /** The token's claims, or the code with which PowerSync refuses it. */
  async #check(authorization: string): Promise<TokenClaims | string> {
    const [, token = ""] = /^(?:Token|Bearer) (.*)$/.exec(authorization) ?? [];
    const check = { jwks: this.jwks, audiences: [this.url], nowSeconds: Date.now() / 1000 };
    const { outcome, code } = verdictOf(await checkToken(token, check));
    const refusal = this.#refuseNext > 0 ? "PSYNC_S2101" : outcome === "accepted" ? undefined : `${code}`;
    this.#refuseNext = Math.max(0, this.#refuseNext - 1);
    if (refusal === undefined) return decodeJwt<TokenClaims>(token);
    this.#refusals.push(refusal);
    this.#changes.changed();
    return refusal;
  }

  /** Confirms an upload, on the user's open streams too. */
  #writeCheckpoint(claims: TokenClaims): Response {
    const write_checkpoint = `${++this.#checkpoint}`;
    for (const stream of this.#streams) {
      if (!stream.isClosed && stream.user === claims.sub) stream.checkpoint(write_checkpoint);
    }
    return Response.json({ data: { write_checkpoint } });
  }
}

/** In the service's own words. */
function refused(code: string): Response {
  const error = { code, status: 401, description: "Authentication required", name: "AuthorizationError" };
  return Response.json({ error }, { status: 401 });
}
