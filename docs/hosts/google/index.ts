import { http } from "@google-cloud/functions-framework";
import { powersyncFunctions } from "./functions.ts";

const answer = powersyncFunctions();

http("powersync", async ({ method, originalUrl, headers }, response) => {
  const named = Object.entries(headers).map(([name, value]): [string, string] => [name, `${value}`]);
  const { status, headers: answered, body } = await answer(
    new Request(`https://localhost${originalUrl}`, { method, headers: named }),
  );
  // Not `send`, which would change the content type: SDKs parse JSON only under exactly `application/json`.
  response.writeHead(status, Object.fromEntries(answered)).end(await new Response(body).text());
});
