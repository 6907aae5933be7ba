/** Serves a project with Netlify's own emulator, of which only the functions are on. */
import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import process from "node:process";
import { pathToFileURL } from "node:url";

const [, , main] = process.argv;
const { NetlifyDev } = await import(pathToFileURL(main).href);
const rest = [
  "blobs",
  "edgeFunctions",
  "images",
  "environmentVariables",
  "headers",
  "redirects",
  "staticFiles",
];
const emulator = new NetlifyDev({
  projectRoot: process.cwd(),
  functions: { enabled: true },
  ...Object.fromEntries(rest.map((name) => [name, { enabled: false }])),
});
await emulator.start();

createServer(async ({ method, url, headers }, response) => {
  const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `${value}`]));
  const answered = await emulator.handle(new Request(`http://localhost${url}`, { method, headers: named }));
  if (answered === undefined) return response.writeHead(404).end();
  const { status, headers: own } = answered;
  response.writeHead(status, Object.fromEntries(own)).end(Buffer.from(await answered.arrayBuffer()));
}).listen(Number(process.env.PORT), process.env.HOST);
