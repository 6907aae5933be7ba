/** A shorter wait needs no explanation. */
const PATIENCE_MS = 1_000;

/**
 * Says on standard error what is waited for, once it takes long.
 *
 * @param what The end of "Waiting for …".
 * @param work What takes the time.
 * @param options `patienceMs`: how long to wait in silence.
 */
export async function withProgress<Result>(
  what: string,
  work: Promise<Result>,
  { patienceMs = PATIENCE_MS } = {},
): Promise<Result> {
  const timer = setTimeout(() => console.error(`Waiting for ${what} …`), patienceMs);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
