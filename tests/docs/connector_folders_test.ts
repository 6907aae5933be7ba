import { assert, assertStringIncludes } from "@std/assert";
import { filesIn, readFile } from "../support/documents.ts";

/** The build file of each connector, and where it names the SDK's version. */
const SDKS: Readonly<Record<string, { readonly file: string; readonly version: RegExp }>> = {
  rust: { file: "Cargo.toml", version: /^powersync = \{ version = "=([\d.]+)"/m },
  dart: { file: "pubspec.yaml", version: /^ {2}powersync: \^(\d+\.\d+)/m },
  swift: { file: "Package.swift", version: /powersync-swift", from: "([\d.]+)"/ },
  dotnet: { file: "PowerSyncAuth.csproj", version: /Include="PowerSync\.Common" Version="([\d.]+)"/ },
};

for (const [name, { file, version }] of Object.entries(SDKS)) {
  Deno.test(`docs/connectors/${name}/README.md names the SDK's version, what was done with it, and every file`, async () => {
    const folder = `docs/connectors/${name}`;
    const readme = readFile(`${folder}/README.md`);
    const [, built = "none"] = version.exec(readFile(`${folder}/${file}`)) ?? [];
    const [, claim = ""] = /^For ([^]*?)\n\n/m.exec(readme) ?? [];
    assertStringIncludes(claim, built);
    assert(/\*\*(Run|Read)\*\*/.test(claim), claim);
    // Cargo writes its lock file where somebody has built there.
    const others = filesIn(folder).map((path) => path.split("/").at(-1) ?? "");
    for (const file of others.filter((file) => !["README.md", "Cargo.lock"].includes(file))) {
      assertStringIncludes(readme, `${file}\``);
    }
    const links = readme.matchAll(/\]\(([^)#]+)/g);
    for (const [, target = ""] of links) {
      await Deno.stat(new URL(`../../${folder}/${target}`, import.meta.url));
    }
  });
}
