/** Whether the documents' TypeScript compiles: each whole claims.ts, and the short blocks that are no part of a file. */
import { assert } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { examplesOf } from "../support/claims_examples.ts";
import { blocksOf, isShownFile, PAGES } from "../support/documents.ts";
import { readTree, writeTree } from "../support/file_tree.ts";
import { CLAIMS_FOLDER } from "../support/own_claims.ts";
import { inFolder } from "../support/run_script.ts";

const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

const SHARED = fileURLToPath(new URL(`../../${CLAIMS_FOLDER}`, import.meta.url));

/** What the text around a block has named. */
const GIVEN = `declare const supabase: import("@supabase/supabase-js").SupabaseClient;
declare const refusal: typeof import("${SHARED}/errors.ts").refusal;
declare const userId: string;
`;

Deno.test("every TypeScript snippet and every claims.ts of the documents compiles", async () => {
  // Those of the connectors need PowerSync's SDK: tests/clients compiles them.
  const snippets = PAGES.filter((page) => !page.startsWith("docs/connectors/")).flatMap(blocksOf)
    .filter(({ language, marker = "", text }) =>
      language === "ts" && !marker.includes(".ts: ") && !isShownFile(text)
    );
  assert(snippets.length > 0);
  await inFolder(async (folder) => {
    for (const [index, { text }] of snippets.entries()) {
      await Deno.writeTextFile(join(folder, `${index}.ts`), `${GIVEN}${text}export {};\n`);
    }
    const shared = Object.fromEntries(await readTree(SHARED));
    const examples = PAGES.flatMap(examplesOf);
    for (const { name, files } of examples) {
      await writeTree(join(folder, name), { ...shared, ...Object.fromEntries(files) });
    }
    const checked = [...snippets.keys(), ...examples.map(({ name }) => `${name}/claims`)];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "check",
        "--no-lock",
        `--config=${CONFIG}`,
        ...checked.map((name) => join(folder, `${name}.ts`)),
      ],
    }).output();
    const places = snippets.map(({ place }, index) => `${index}.ts: ${place}`).join("\n");
    assert(success, `${places}\n${new TextDecoder().decode(stderr)}`);
  });
});
