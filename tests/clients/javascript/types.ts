/** Whether the connector compiles for each SDK, strictly, and so that Node can run it as it is. */
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
  }
  const config = { compilerOptions: OPTIONS, include: ["**/*.ts"] };
  await Deno.writeTextFile(inSdks("types/tsconfig.json"), JSON.stringify(config));
  await run(inSdks("node_modules/node24/bin/node"), [inSdks("node_modules/typescript/bin/tsc"), "-p", "."], {
    folder: inSdks("types"),
  });
});
