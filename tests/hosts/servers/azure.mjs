/** What Azure's host does with the request and response classes of its package; the host itself is not run. */
import { createServer } from "node:http";
import { createRequire } from "node:module";
import process from "node:process";
import { pathToFileURL } from "node:url";

const [, , entry] = process.argv;
const { HttpRequest, HttpResponse } = createRequire(entry)("@azure/functions");
const { powersync } = await import(pathToFileURL(entry).href);

createServer(async ({ method, url, headers }, response) => {
  const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `${value}`]));
  const request = new HttpRequest({ method, url: `http://localhost/api${url}`, headers: named });
  const answered = new HttpResponse(await powersync(request));
  response.writeHead(answered.status, Object.fromEntries(answered.headers)).end(await answered.text());
}).listen(Number(process.env.PORT), process.env.HOST);
