import { checkToken } from "../../scripts/powersync/check-token.ts";
import { verdictOf } from "../../scripts/powersync/result.ts";
import { environmentOf, FUNCTION_NAMES, powersyncKey, startFunctions } from "./functions.ts";
import { userToken } from "./project.ts";
import { serve } from "./serving.ts";

type Handler = (request: Request) => Response | Promise<Response>;

/** A project with the real functions on loopback, of which any part can misbehave. */
export interface Deployment {
  readonly url: string;
  /** The access token of a user of it. */
  readonly userToken: string;
  /** The functions' secrets, as they are now. */
  environment: Record<string, string>;
  /** What answers in a function's place. */
  readonly instead: Record<string, Handler | undefined>;
  /** A PowerSync Service that is configured for it. */
  readonly powersync: string;
  /** What answers in the service's place. */
  service: Handler | undefined;
}

/** The signing key of the deployment. */
export const deployedKey = powersyncKey;

/** Runs a test with a deployment. */
export async function withDeployment(test: (deployment: Deployment) => Promise<void>): Promise<void> {
  await using service = serve((request) => deployment.service?.(request) ?? synchronise(request, deployment));
  await using project = serve((request) => {
    const name = new URL(request.url).pathname.replace("/functions/v1/", "");
    const known = FUNCTION_NAMES.find((known) => known === name);
    const handler = deployment.instead[name] ??
      (known && startFunctions({ whole: deployment.environment }).handlers[known]);
    return handler?.(request) ?? Response.json({ msg: "Not found" }, { status: 404 });
  });
  const deployment: Deployment = {
    url: project.url,
    userToken: await userToken(),
    environment: environmentOf({ url: project.url, environment: { POWERSYNC_URL: service.url } }),
    instead: {},
    powersync: service.url,
    service: undefined,
  };
  await test(deployment);
}

/** The error answer of a PowerSync Service. */
export function serviceError(code: string, status = 401): Response {
  return Response.json({ error: { code, status, description: "refused", name: "AuthorizationError" } }, {
    status,
  });
}

/** What the service does with a token: the same rules, and its own answers. */
async function synchronise(request: Request, { url, powersync }: Deployment): Promise<Response> {
  const [, token = ""] = /^Token (.+)$/.exec(request.headers.get("Authorization") ?? "") ?? [];
  await request.body?.cancel();
  const jwks = await (await fetch(`${url}/functions/v1/powersync-jwks`)).json();
  const results = await checkToken(token, { jwks, audiences: [powersync], nowSeconds: Date.now() / 1000 });
  const { outcome, code } = verdictOf(results);
  if (outcome !== "accepted") return serviceError(code ?? "PSYNC_S2101");
  return new Response('{"checkpoint":{"last_op_id":"1","buckets":[]}}\n', {
    headers: { "Content-Type": "application/x-ndjson" },
  });
}
