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
