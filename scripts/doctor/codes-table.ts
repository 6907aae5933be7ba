/** The doctor's knowledge as Markdown, for docs/troubleshooting.md: `deno run scripts/doctor/codes-table.ts`. */
import { POWERSYNC_CODES } from "../powersync/codes.ts";
import { CAUSES } from "./causes.ts";

/** The tables of docs/troubleshooting.md. */
export function codesTable(): string {
  const codes = POWERSYNC_CODES.map((
    { code, raisedFor, cause, fix },
  ) => [`\`${code}\``, raisedFor, cause, fix]);
  const causes = Object.entries<{ cause: string; code?: string; fix: string }>(CAUSES)
    .filter(([id]) => !/^powersync-s2\d+$/.test(id))
    .map(([id, { cause, code, fix }]) => [`\`${id}\``, cause, code === undefined ? "" : `\`${code}\``, fix]);
  return [
    "What PowerSync answers, in the order in which a request meets it (details stay in the service's log):",
    "",
    ...table(["code", "raised for", "usual cause", "fix"], codes),
    "",
    "<details><summary>Every cause that the doctor names</summary>",
    "",
    ...table(["cause", "what it means", "code it leads to", "fix"], causes),
    "",
    "</details>",
  ].join("\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map(escape).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)];
}

/** Markdown would end the cell at a bar, and outside of code take a placeholder for a tag. */
function escape(cell: string): string {
  return cell.replaceAll("|", "\\|").split("`").map((part, index) =>
    index % 2 === 0 ? part.replaceAll("<", "\\<") : part
  )
    .join("`");
}

if (import.meta.main) console.log(codesTable());
