/** What a Lambda function URL does: it makes an event of a request, and a response of what the handler returns. */
import { createServer } from "node:http";
import process from "node:process";
import { pathToFileURL } from "node:url";

const { handler } = await import(pathToFileURL(process.argv[2]).href);

createServer(async ({ method, url, headers }, response) => {
  const { pathname, search } = new URL(url, "http://localhost");
  const { statusCode, headers: answered, body } = await handler({
    version: "2.0",
    rawPath: pathname,
    rawQueryString: search.slice(1),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `${value}`])),
    requestContext: { domainName: "abc.lambda-url.eu-west-1.on.aws", http: { method, path: pathname } },
    isBase64Encoded: false,
  });
  response.writeHead(statusCode, answered).end(body);
}).listen(Number(process.env.PORT), process.env.HOST);
