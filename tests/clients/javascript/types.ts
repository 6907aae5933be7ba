/** Whether the connector, and what its page shows, compiles for each SDK, strictly, and so that Node can run it as it is. */
import { blocksOf, isShownFile } from "../../support/documents.ts";
import { run } from "../../support/npm_project.ts";
import { copyConnector, inSdks } from "./project.ts";

/** Capacitor's SDK has no types of its own for connectors: it is used with those of web. */
const SDKS = ["@powersync/web", "@powersync/node", "@powersync/react-native"];

const OPTIONS = {
  strict: true,
  erasableSyntaxOnly: true,
  verbatimModuleSyntax: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  noEmit: true,
  module: "esnext",
  moduleResolution: "bundler",
  target: "es2022",
  lib: ["es2022", "dom"],
  types: [],
  // The SDKs' own declarations name packages of their platforms.
  skipLibCheck: true,
};

Deno.test("the connector compiles for web, Capacitor, Node and React Native", async () => {
  for (const sdk of [...SDKS, "@powersync/capacitor"]) {
    const folder = `types/${sdk}`;
    await copyConnector(folder, SDKS.includes(sdk) ? sdk : "@powersync/web");
    await writeSnippets(folder);
  }
  const config = { compilerOptions: OPTIONS, include: ["**/*.ts"] };
  await Deno.writeTextFile(inSdks("types/tsconfig.json"), JSON.stringify(config));
  await run(inSdks("node_modules/node24/bin/node"), [inSdks("node_modules/typescript/bin/tsc"), "-p", "."], {
    folder: inSdks("types"),
  });
});

/** What the text around a block of the page has named. */
const GIVEN = `import { createClient } from "@supabase/supabase-js";
import { type ConnectorOptions, SupabaseConnector } from "./connector";

declare const [url, key]: [string, string];
declare const clerk: { session?: { getToken(): Promise<string | null> } };
declare const onRefused: ConnectorOptions["onRefused"];

`;

/** The blocks of the page that are no part of app.ts. */
async function writeSnippets(folder: string): Promise<void> {
  const snippets = blocksOf("docs/connectors/javascript/README.md").filter(({ language, text }) =>
    language === "ts" && !isShownFile(text)
  );
  for (const [index, { text }] of snippets.entries()) {
    const code = `${GIVEN}${text}export const last = connector;\n`;
    await Deno.writeTextFile(inSdks(`${folder}/readme${index}.ts`), code);
  }
}
