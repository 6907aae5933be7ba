import { CommandError } from "../cli/command.ts";

/** The generated parts of a page, by the names in their markers. */
export type Parts = Readonly<Record<string, string>>;

const PART = /((?:<!--|#) generated: ([\w-]+)(?: -->)?\n).*?(\n(?:<!--|#) \/generated)/gs;

/**
 * Puts the generated parts between their markers. All else on the page is kept.
 *
 * @param page The page's text.
 * @param options `path`: the page, for messages.
 * @throws {CommandError} The page does not have each part once.
 */
export function fillParts(page: string, { parts, path }: { parts: Parts; path: string }): string {
  const found: string[] = [];
  const filled = page.replace(PART, (_, start: string, name: string, end: string) => {
    found.push(name);
    return `${start}${parts[name] ?? ""}${end}`;
  });
  const names = Object.keys(parts);
  if (found.toSorted().join() === names.toSorted().join()) return filled;
  throw new CommandError(
    `${path} must have each of these parts once, and no other, between "generated: name" and "/generated": ${
      names.join(", ")
    }.`,
  );
}

/** A table as `deno fmt` writes it. */
export function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const rows = [head, ...body].map((cells) => cells.map(asCell));
  const widths = head.map((_, column) =>
    Math.max(3, ...rows.map((cells) => [...cells[column] ?? ""].length))
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width)).join(" | ")} |`;
  const [first = [], ...others] = rows;
  // `deno fmt` keeps an empty line between a comment and a table.
  return ["", line(first), line(widths.map((width) => "-".repeat(width))), ...others.map(line), ""].join(
    "\n",
  );
}

/** Markdown would end the cell at a bar, and outside of code take a placeholder for a tag. */
function asCell(text: string): string {
  return text.replaceAll("|", "\\|").split("`")
    .map((part, index) => index % 2 === 0 ? part.replaceAll("<", "\\<") : part).join("`");
}
