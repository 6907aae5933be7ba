import { type PageOptions, pageState } from "./page-state.ts";

/** How soon a change shows. */
const LOOK_MS = 200;

/** How often the state is sent without a change: the roles of keys depend on the time. */
const REPEAT_MS = 30_000;

/**
 * Sends the page's state now and after each change, as server-sent events. A request that stays open also tells the page
 * when this server ends.
 */
export function pageEvents(options: PageOptions): Response {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOpen = true;
  const events = new ReadableStream<string>({
    start(controller) {
      let [sent, sentAt] = ["", -REPEAT_MS];
      const look = async () => {
        const [seen, now] = [await fingerprint(options), performance.now()];
        if (seen !== sent || now - sentAt >= REPEAT_MS) {
          const state = JSON.stringify(await pageState(options));
          if (isOpen) controller.enqueue(`data: ${state}\n\n`);
          [sent, sentAt] = [seen, now];
        }
        if (isOpen) timer = setTimeout(follow, LOOK_MS);
      };
      const follow = () => void look().catch((error) => controller.error(error));
      follow();
    },
    cancel() {
      isOpen = false;
      clearTimeout(timer);
    },
  });
  return new Response(events.pipeThrough(new TextEncoderStream()), {
    headers: { "Content-Type": "text/event-stream" },
  });
}

/** Changes whenever the state may have changed, and costs little. */
async function fingerprint({ envFile, status }: PageOptions): Promise<string> {
  const file = await Deno.stat(envFile).catch(() => undefined);
  return JSON.stringify([status(), file?.mtime?.getTime(), file?.size]);
}
