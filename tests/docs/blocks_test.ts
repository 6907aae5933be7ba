/**
 * Whether a test holds every code block and every command of the documents, or the text beside it says that none does
 * and why. What holds a block is found by its form, so a new block needs an entry here only if its form is new.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { VERSIONS as CLIENT_VERSIONS } from "../clients/javascript/project.ts";
import { VERSIONS as HOST_VERSIONS } from "../hosts/project.ts";
import { callCommand } from "../support/call_command.ts";
import {
  type Block,
  blocksOf,
  type Command,
  commandsIn,
  isShownFile,
  NOT_RUN,
  PAGES,
} from "../support/documents.ts";

const ROOT = new URL("../../", import.meta.url);
const BLOCKS = PAGES.flatMap(blocksOf);
const COMMANDS = PAGES.flatMap(commandsIn);

const { tasks }: { tasks: Record<string, { command: string }> } = JSON.parse(
  await Deno.readTextFile(new URL("deno.json", ROOT)),
);
const { imports }: { imports: Record<string, string> } = JSON.parse(
  await Deno.readTextFile(new URL("import_map.json", ROOT)),
);

/** What `npm install` may name: the packages and versions that tests install. */
const INSTALLED = new Set([
  ...Object.values(imports).map((target) => target.replace("npm:", "")),
  ...Object.entries({ ...HOST_VERSIONS, ...CLIENT_VERSIONS }).map((entry) => entry.join("@")),
]);

/** Which test holds a command, by its form. */
const OF_COMMANDS: readonly (readonly [form: RegExp, test: string])[] = [
  // Their flags are read here. Blocks are also run, by tests/deploy/documents_test.ts.
  [/^(\w+=\S+ )*(deno|npx -y deno@2) task\b/, "docs/blocks_test.ts"],
  [/^(npx )?supabase\b/, "deploy/documents_test.ts"],
  [/^echo '\w+=\S+' >> \.env\.production$/, "deploy/documents_test.ts"],
  [/^deno (check|serve) --no-config /, "deploy/existing_project_test.ts"],
  [/^curl /, "docs/answers_test.ts"],
  [/^POWERSYNC_IDENTITY_PROVIDERS='\[/, "docs/identity_providers_test.ts"],
  [/^npx esbuild /, "hosts/hosts_test.ts"],
  [/^(PORT=3000 node|PORT=3000 bun|deno serve --allow-env --allow-net) server\.ts$/, "hosts/hosts_test.ts"],
  [/^npm (init -y|pkg set type=module)$/, "hosts/hosts_test.ts"],
  [/^cargo check$/, "clients/rust_test.ts"],
  // The program alone; and what runs these tests.
  [/^(npx -y deno@2|bash \.ci\/run)$/, "docs/blocks_test.ts"],
];

/** Which test holds a block of code. */
const OF_BLOCKS: readonly (readonly [form: (block: Block) => boolean, test: string])[] = [
  [({ marker }) => /^(claims|plans)\.ts: /.test(marker ?? ""), "docs/claims_examples_test.ts"],
  [({ marker }) => /^answer: /.test(marker ?? ""), "docs/answers_test.ts"],
  [({ text }) => isShownFile(text), "docs/blocks_test.ts"],
  [({ language, page }) => language === "ts" && isOfConnector(page), "clients/javascript/types.ts"],
  [({ language, page }) => language === "ts" && !isOfConnector(page), "docs/snippets_test.ts"],
  [({ language, page }) => language === "yaml" && page === "docs/claims.md", "docs/sync_config_test.ts"],
  [
    ({ language, page }) => language === "json" && page === "docs/identity-providers.md",
    "docs/identity_providers_test.ts",
  ],
  [({ language }) => language === "kotlin", "clients/kotlin_test.ts"],
  [(block) => block.language === "rust" && isFirst(block), "clients/rust_test.ts"],
  [({ language }) => language === "mermaid", "docs/blocks_test.ts"],
];

const isOfConnector = (page: string) => page.startsWith("docs/connectors/");

function isFirst({ page, language, place }: Block): boolean {
  return blocksOf(page).find((block) => block.language === language)?.place === place;
}

function isCommandHeld({ text }: Command): boolean {
  if (OF_COMMANDS.some(([form]) => form.test(text))) return true;
  const [, packages] = /^npm install (?:--save-dev )?(.+)$/.exec(text) ?? [];
  return packages !== undefined && packages.split(" ").every((name) => INSTALLED.has(name));
}

/** The sentences of a section. */
function sentencesOf(section: string): string[] {
  return section.replaceAll(/\s+/g, " ").split(/(?<=[.:;|])\s/);
}

/** A sentence beside a command says that it is not run, and names its program. */
function isSaidNotRun({ text, section, isSaidNotRun = false }: Command): boolean {
  const program = text.replace(/^npx /, "").split(" ")[0] ?? "";
  return isSaidNotRun || sentencesOf(section).some((sentence) =>
    NOT_RUN.test(sentence) &&
    [...sentence.matchAll(/`([^`]+)`/g)].some(([, code = ""]) =>
      code.replace(/^npx /, "").split(" ")[0] === program
    )
  );
}

Deno.test("a test holds every command of the documents, or the text beside it says that none does", () => {
  const open = COMMANDS.filter((command) => !isCommandHeld(command) && !isSaidNotRun(command));
  assertEquals(open.map(({ place, text }) => `${place}: ${text}`), []);
});

/** The section of a block, or the page's first lines, say that it is not compiled. */
function isSaidNotCompiled({ section, page }: Block): boolean {
  const [intro = ""] = Deno.readTextFileSync(new URL(page, ROOT)).split("\n## ");
  return NOT_RUN.test(section.replaceAll(/\s+/g, " ")) || /\bnot\s+compiled\s+or\s+run\b/.test(intro);
}

Deno.test("a test holds every code block, or the text beside it says that none does", () => {
  const open = BLOCKS.filter((block) =>
    block.language !== "sh" && !OF_BLOCKS.some(([form]) => form(block)) && !isSaidNotCompiled(block)
  );
  assertEquals(open.map(({ place, language }) => `${place}: ${language}`), []);
});

Deno.test("every form has a test, and something in the documents that has it", async () => {
  const forms = [
    ...OF_COMMANDS.map(([form, test]) => [test, COMMANDS.some(({ text }) => form.test(text))] as const),
    ...OF_BLOCKS.map(([form, test]) => [test, BLOCKS.some(form)] as const),
  ];
  for (const [test, isUsed] of forms) {
    assert(isUsed, test);
    await Deno.stat(new URL(`tests/${test}`, ROOT));
  }
});

Deno.test("a diagram joins what it declares", () => {
  for (const { language, text, place } of BLOCKS) {
    if (language !== "mermaid") continue;
    const declared = [...text.matchAll(/^ +(?:subgraph )?(\w+)\[".+"\]$/gm)].map(([, name]) => name);
    const joined = [...text.matchAll(/^ +(\w+) -- ".+" --> (\w+)$/gm)].flatMap(([, from, to]) => [from, to]);
    assert(joined.length > 0, place);
    for (const name of joined) assert(declared.includes(name), `${place}: ${name}`);
    // The first line, the ends of subgraphs, and nothing else.
    const rest = text.replaceAll(/^ +((subgraph )?\w+\[".+"\]|\w+ -- ".+" --> \w+|end)\n/gm, "");
    assertMatch(rest, /^flowchart \w\w\n$/, place);
  }
});

Deno.test("our commands accept every flag that the documents give them", async () => {
  const mains = new Map<string, (args: readonly string[]) => Promise<number | void>>();
  for (const { place, text } of COMMANDS) {
    const [, name = "", rest = ""] = /^(?:\w+=\S+ )*(?:deno|npx -y deno@2) task ([\w:-]+)(.*)$/.exec(text) ??
      [];
    const [script] = /scripts\/[\w-]+\.ts$/.exec(tasks[name]?.command ?? "") ?? [];
    if (script === undefined || name === "test") continue;
    const main = mains.get(name) ?? (await import(new URL(script, ROOT).href)).main;
    mains.set(name, main);
    // With --help it only reads them. Without the `--`, npx takes some flags as its own.
    if (rest !== "") assertMatch(rest, /^ -- /, place);
    const { code, stdout, stderr } = await callCommand(main, [...wordsOf(rest), "--help"]);
    assertEquals([code, stdout.includes("\n  --help"), stderr], [0, true, ""], `${place}: ${text}`);
  }
});

/** The words of a command, in which `<project ref>` and a quoted text are one. */
function wordsOf(text: string): string[] {
  return text.match(/(?:<[^>]*>|'[^']*'|\S)+/g) ?? [];
}
