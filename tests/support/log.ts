/**
 * Runs something and collects what is logged meanwhile, so that the output of the tests stays readable.
 *
 * @param run What to run; it is given the lines so far.
 * @returns One text for each line.
 */
export async function captureLog(run: (lines: string[]) => unknown): Promise<string[]> {
  const lines: string[] = [];
  using _redirected = redirectLog(lines);
  await run(lines);
  return lines;
}

/** The same for what is done at once. */
export function printedBy(run: () => void): string[] {
  const lines: string[] = [];
  using _redirected = redirectLog(lines);
  run();
  return lines;
}

function redirectLog(lines: string[]): Disposable {
  const original = console.error;
  console.error = (...parts: unknown[]) => void lines.push(parts.join(" "));
  return { [Symbol.dispose]: () => void (console.error = original) };
}
