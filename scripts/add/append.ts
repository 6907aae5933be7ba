/** Appends to a text file and keeps its style: its line endings, and whether its last line has one. */

/**
 * The text with lines at its end.
 *
 * @param text The file's text.
 * @param lines The lines to add.
 */
export function withLines(text: string, lines: readonly string[]): string {
  const end = lineEnding(text);
  const isOpen = text !== "" && !text.endsWith("\n");
  const added = lines.join(end);
  return isOpen ? text + end + added : text + added + end;
}

/** What ends the lines of a text. */
export function lineEnding(text: string): "\r\n" | "\n" {
  return /^[^\n]*\r\n/.test(text) ? "\r\n" : "\n";
}
