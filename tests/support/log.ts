/**
 * Runs something and collects what the functions log meanwhile, so that a test's output stays readable.
 *
 * @returns One text for each line.
 */
export async function captureLog(run: () => unknown): Promise<string[]> {
  const lines: string[] = [];
  const original = console.error;
  console.error = (...parts: unknown[]) => void lines.push(parts.join(" "));
  try {
    await run();
  } finally {
    console.error = original;
  }
  return lines;
}
