/**
 * Runs something and collects what the functions log meanwhile, so that the output of the tests stays readable.
 *
 * @param run What to run; it is given the lines so far.
 * @returns One text for each line.
 */
export async function captureLog(run: (lines: string[]) => unknown): Promise<string[]> {
  const lines: string[] = [];
  const original = console.error;
  console.error = (...parts: unknown[]) => void lines.push(parts.join(" "));
  try {
    await run(lines);
  } finally {
    console.error = original;
  }
  return lines;
}

/** Keeps what the functions log out of the tests' output, until it is disposed of. */
export function silenceLog(): Disposable {
  const original = console.error;
  console.error = () => {};
  return { [Symbol.dispose]: () => void (console.error = original) };
}
