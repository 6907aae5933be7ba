/** What runs and checks the JavaScript connector: the SDKs from npm, and the files of docs/connectors/javascript. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installPackages, nodePackage } from "../../support/npm_project.ts";

const CONNECTOR = fileURLToPath(new URL("../../../docs/connectors/javascript/", import.meta.url));
const APP = fileURLToPath(new URL("./app.js", import.meta.url));

/** As docs/connectors/javascript/README.md names them. */
export const VERSIONS = {
  "@powersync/web": "2.4.0",
  "@powersync/react-native": "2.1.0",
  "@powersync/capacitor": "0.8.2",
  "@powersync/node": "1.1.0",
  "@supabase/supabase-js": "2.119.1",
  typescript: "6.0.3",
};

/** supabase-js 2.119.1 needs a global WebSocket, which Node 20 lacks. */
const NODE = "24.21.0";

/** Where the packages are; made by `installSdks`. */
let folder = "";

/** The path of an installed file, or of the app's folder. */
export function inSdks(path: string): string {
  return join(folder, path);
}

/** Installs everything, without the peers of other platforms: React Native alone would be hundreds of megabytes. */
export async function installSdks(): Promise<void> {
  const flags = ["--legacy-peer-deps", "--ignore-scripts"];
  folder = await installPackages({ ...VERSIONS, node24: nodePackage(NODE) }, flags);
  await copyConnector("app", "@powersync/node");
  await Deno.copyFile(APP, inSdks("app/app.js"));
}

export async function removeSdks(): Promise<void> {
  await Deno.remove(folder, { recursive: true });
}

/** Copies the connector, with the package of its imports replaced as its first lines say. */
export async function copyConnector(to: string, sdk: string): Promise<void> {
  await Deno.mkdir(inSdks(to), { recursive: true });
  for (const { name } of Deno.readDirSync(CONNECTOR)) {
    if (!name.endsWith(".ts")) continue;
    const text = await Deno.readTextFile(join(CONNECTOR, name));
    await Deno.writeTextFile(
      inSdks(join(to, name)),
      text.replaceAll('from "@powersync/web"', `from "${sdk}"`),
    );
  }
}
