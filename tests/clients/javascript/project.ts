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

/** Installs everything, without the peers of other platforms: React Native alone would be hundreds of megabytes. */
export async function installSdks(): Promise<string> {
  const folder = await installPackages({ ...VERSIONS, node24: nodePackage(NODE) }, [
    "--legacy-peer-deps",
    "--ignore-scripts",
  ]);
  await copyConnector(join(folder, "app"), "@powersync/node");
  await Deno.copyFile(APP, join(folder, "app/app.js"));
  return folder;
}

/** Copies the connector, with the package of its imports replaced as its first lines say. */
export async function copyConnector(folder: string, sdk: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const { name } of Deno.readDirSync(CONNECTOR)) {
    if (!name.endsWith(".ts")) continue;
    const text = await Deno.readTextFile(join(CONNECTOR, name));
    await Deno.writeTextFile(join(folder, name), text.replaceAll('from "@powersync/web"', `from "${sdk}"`));
  }
}
