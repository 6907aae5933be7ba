import type { Platform } from "./platform.ts";

/** What the page shows and asks about. */
export interface PageOptions {
  readonly origin: string;
  readonly platform: Platform;
  /** The `.env` file with the signing keys. */
  readonly envFile: string;
}

/** Makes the handler of the page and of what belongs to it; it answers `undefined` to any other path. */
export function pageHandler({ origin }: PageOptions): (request: Request) => Promise<Response | undefined> {
  return (request) => {
    if (new URL(request.url).pathname !== "/") return Promise.resolve(undefined);
    return Promise.resolve(new Response(`The functions are under ${origin}/functions/v1/.\n`));
  };
}
