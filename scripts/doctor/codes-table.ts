/** The doctor's knowledge as Markdown, for docs/troubleshooting.md: `deno run scripts/doctor/codes-table.ts`. */
import { Invocation } from "../cli/invocation.ts";
import { POWERSYNC_CODES } from "../powersync/codes.ts";
import { fixOf } from "./fixes.ts";
import { type Probe, PROBES } from "./probes.ts";

/** A project that is linked, with its secrets in the usual file. */
const CONTEXT = {
  invocation: new Invocation(undefined, "deno"),
  again: "deno task doctor",
  file: { path: ".env.production", isLocal: false, names: ["POWERSYNC_URL"], url: undefined, canSign: true },
  project: "hosted",
  projectName: undefined,
  ref: undefined,
  jwksUrl: undefined,
  isOtherJwksUrl: false,
  powersync: undefined,
  endpoint: undefined,
  audiences: [],
} as const;

/** The tables of docs/troubleshooting.md. */
export function codesTable(): string {
  const codes = POWERSYNC_CODES.map((
    { code, raisedFor, cause, fix },
  ) => [`\`${code}\``, raisedFor, cause, fix]);
  const probes = Object.entries<Probe>(PROBES).map(([id, { means, code }]) => {
    const check = {
      id: "jwks",
      title: "",
      status: "failed",
      seen: "",
      cause: id as keyof typeof PROBES,
    } as const;
    const { commands = [], note = "" } = fixOf(check, CONTEXT) ?? {};
    const fix = [...commands.map((command) => `\`${command}\``), note].filter((part) => part !== "").join(
      " ",
    );
    return [`\`${id}\``, means, code === undefined ? "" : `\`${code}\``, fix];
  });
  return [
    "PowerSync's error codes, in the order of its checks (details are only in the service's log):",
    "",
    ...table(["code", "raised for", "usual cause", "fix"], codes),
    "",
    "<details><summary>What else the doctor finds in a running system</summary>",
    "",
    ...table(["cause", "what it means", "code it leads to", "fix"], probes),
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
