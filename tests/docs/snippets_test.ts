/** The short TypeScript blocks that are neither a whole claims.ts nor a part of a file: whether they compile. */
import { assert } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { blocksOf, isShownFile, PAGES } from "../support/documents.ts";
import { inFolder } from "../support/run_script.ts";

const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

const ERRORS = new URL("../../supabase/functions/_shared/powersync/errors.ts", import.meta.url).href;

/** What the text around a block has named. */
const GIVEN = `declare const supabase: import("@supabase/supabase-js").SupabaseClient;
declare const refusal: typeof import("${ERRORS}").refusal;
declare const userId: string;
`;

Deno.test("every TypeScript snippet of the documents compiles", async () => {
  // Those of the connectors need PowerSync's SDK: tests/clients compiles them.
  const snippets = PAGES.filter((page) => !page.startsWith("docs/connectors/")).flatMap(blocksOf)
    .filter(({ language, marker = "", text }) =>
      language === "ts" && !marker.includes(".ts: ") && !isShownFile(text)
    );
  assert(snippets.length > 0);
  await inFolder(async (folder) => {
    const files = snippets.map((_, index) => join(folder, `${index}.ts`));
    for (const [index, { text }] of snippets.entries()) {
      await Deno.writeTextFile(join(folder, `${index}.ts`), `${GIVEN}${text}export {};\n`);
    }
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--no-lock", `--config=${CONFIG}`, ...files],
    }).output();
    const places = snippets.map(({ place }, index) => `${index}.ts: ${place}`).join("\n");
    assert(success, `${places}\n${new TextDecoder().decode(stderr)}`);
  });
});
