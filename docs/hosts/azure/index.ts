import { app, type HttpRequest, type HttpResponseInit } from "@azure/functions";
import { powersyncFunctions } from "./functions.ts";

const answer = powersyncFunctions();

export async function powersync({ url, method, headers }: HttpRequest): Promise<HttpResponseInit> {
  const response = await answer(new Request(url, { method, headers: Object.fromEntries(headers) }));
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
}

app.http("powersync", {
  methods: ["GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"],
  authLevel: "anonymous",
  route: "{name}",
  handler: powersync,
});
