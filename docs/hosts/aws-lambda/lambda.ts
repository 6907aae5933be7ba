import { powersyncFunctions } from "./functions.ts";

/** What a function URL sends: version 2.0 of the payload. */
interface Event {
  rawPath: string;
  rawQueryString: string;
  headers: Record<string, string>;
  requestContext: { domainName: string; http: { method: string } };
}

const answer = powersyncFunctions();

export async function handler({ rawPath, rawQueryString, headers, requestContext }: Event) {
  const url = `https://${requestContext.domainName}${rawPath}?${rawQueryString}`;
  const response = await answer(new Request(url, { method: requestContext.http.method, headers }));
  return {
    statusCode: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
}
