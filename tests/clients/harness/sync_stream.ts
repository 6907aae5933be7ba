/** One open stream of the stand-in: lines of PowerSync's sync protocol, as JSON. */

export interface TokenClaims {
  readonly sub: string;
  readonly exp: number;
  readonly [claim: string]: unknown;
}

/** The checksum and the operation that every user's only row has. */
const CHECKSUM = 7;
const LAST_OPERATION = "1";

export class SyncStream {
  readonly claims: TokenClaims;
  /** Its NDJSON. */
  readonly body: ReadableStream<Uint8Array>;
  readonly #onClosed: () => void;
  readonly #tokenEnd: ReturnType<typeof setTimeout>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #closed = false;

  /** @param options `buckets`: what the client has already. */
  constructor(
    claims: TokenClaims,
    { buckets, onClosed }: {
      readonly buckets: readonly { readonly name: string; readonly after: string }[];
      readonly onClosed: () => void;
    },
  ) {
    this.claims = claims;
    this.#onClosed = onClosed;
    this.body = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
      cancel: () => this.#close(),
    });
    // The service closes a stream when its token ends.
    this.#tokenEnd = setTimeout(() => this.endToken(), claims.exp * 1000 - Date.now());
    this.checkpoint(null);
    const hasRow = buckets.some(({ name, after }) => name === this.#bucket && after === LAST_OPERATION);
    if (!hasRow) this.#sendRow();
    this.#send({ checkpoint_complete: { last_op_id: LAST_OPERATION } });
    this.keepAlive();
  }

  get user(): string {
    return this.claims.sub;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** What the service sends every 20 s; at 30 s or less the client fetches new credentials. */
  keepAlive(tokenExpiresIn = Math.floor(this.claims.exp - Date.now() / 1000)): void {
    this.#send({ token_expires_in: tokenExpiresIn });
  }

  /** A checkpoint, which an upload waits for if it has a number. */
  checkpoint(write_checkpoint: string | null): void {
    const bucket = { bucket: this.#bucket, checksum: CHECKSUM, count: 1, priority: 3, subscriptions: [] };
    this.#send({
      checkpoint: { last_op_id: LAST_OPERATION, write_checkpoint, buckets: [bucket], streams: [] },
    });
    if (write_checkpoint !== null) this.#send({ checkpoint_complete: { last_op_id: LAST_OPERATION } });
  }

  /** Ends it as at the token's `exp`. */
  endToken(): void {
    this.keepAlive(0);
    this.end();
  }

  /** Ends it as a restart of the service does. */
  end(): void {
    if (this.#closed) return;
    this.#controller.close();
    this.#close();
  }

  get #bucket(): string {
    return `notes["${this.user}"]`;
  }

  #sendRow(): void {
    const row = {
      op_id: LAST_OPERATION,
      op: "PUT",
      object_type: "notes",
      object_id: this.user,
      checksum: CHECKSUM,
      subkey: null,
      data: JSON.stringify({ body: `of ${this.user}` }),
    };
    const data = {
      bucket: this.#bucket,
      data: [row],
      has_more: false,
      after: "0",
      next_after: LAST_OPERATION,
    };
    this.#send({ data });
  }

  #send(line: unknown): void {
    if (!this.#closed) this.#controller.enqueue(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
  }

  #close(): void {
    clearTimeout(this.#tokenEnd);
    this.#closed = true;
    this.#onClosed();
  }
}
