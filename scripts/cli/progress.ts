/** Nobody wonders earlier. */
const PATIENCE_MS = 1_000;

/**
 * Says on standard error what is waited for, once it takes long.
 *
 * @param what The end of "Waiting for …".
 * @param work What takes the time.
 */
export async function withProgress<Result>(what: string, work: Promise<Result>): Promise<Result> {
  const timer = setTimeout(() => console.error(`Waiting for ${what} …`), PATIENCE_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
