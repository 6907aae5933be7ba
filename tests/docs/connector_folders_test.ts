import { assert, assertStringIncludes } from "@std/assert";

const FOLDER = new URL("../../docs/connectors/", import.meta.url);

/** The build file of each connector, and where it names the SDK's version. */
const SDKS: Readonly<Record<string, { readonly file: string; readonly version: RegExp }>> = {
  rust: { file: "Cargo.toml", version: /^powersync = \{ version = "=([\d.]+)"/m },
  dart: { file: "pubspec.yaml", version: /^ {2}powersync: \^(\d+\.\d+)/m },
  swift: { file: "Package.swift", version: /powersync-swift", from: "([\d.]+)"/ },
  dotnet: { file: "PowerSyncAuth.csproj", version: /Include="PowerSync\.Common" Version="([\d.]+)"/ },
};

for (const [name, { file, version }] of Object.entries(SDKS)) {
  Deno.test(`docs/connectors/${name}/README.md names the SDK's version, what was done with it, and every file`, async () => {
    const folder = new URL(`${name}/`, FOLDER);
    const readme = await Deno.readTextFile(new URL("README.md", folder));
    const [, built = "none"] = version.exec(await Deno.readTextFile(new URL(file, folder))) ?? [];
    const [, claim = ""] = /^For ([^]*?)\n\n/m.exec(readme) ?? [];
    assertStringIncludes(claim, built);
    assert(/\*\*(Run|Read)\*\*/.test(claim), claim);
    for (const path of await filesOf(folder)) {
      if (!path.endsWith("README.md")) assertStringIncludes(readme, `${path.split("/").at(-1)}\``);
    }
    for (const [, target = ""] of readme.matchAll(/\]\(([^)#]+)/g)) await Deno.stat(new URL(target, folder));
  });
}

async function filesOf(folder: URL): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    // Cargo's, where somebody has built there.
    if (name === "target" || name === "Cargo.lock") continue;
    if (isDirectory) files.push(...await filesOf(new URL(`${name}/`, folder)));
    else files.push(new URL(name, folder).pathname);
  }
  return files;
}
