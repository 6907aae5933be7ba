import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { checkToken } from "../powersync/check-token.ts";
import { checkJwks } from "../powersync/jwks.ts";
import { RULE_CODES, type RuleResult, verdictOf } from "../powersync/result.ts";
import { audiencesOf } from "../setup/audience.ts";
import { readEnvFile } from "../setup/env-file.ts";
import { jwksUrlOf } from "../setup/project-url.ts";
import type { PageOptions } from "./page-state.ts";

/**
 * Checks `{ "token": "…" }` as the PowerSync Service would, with the keys that `powersync-jwks` serves now.
 *
 * @returns The verdict and the result of each rule with its PowerSync code; 400 when the body has no token. The token is
 * never repeated.
 */
export async function checkRequest(
  request: Request,
  { envFile, origin, functions }: PageOptions,
): Promise<Response> {
  // Other types than JSON are refused: a page of another origin may send them without a preflight.
  const isJson = /^application\/json\b/i.test(request.headers.get("Content-Type") ?? "");
  const sent: unknown = isJson ? await request.json().catch(() => undefined) : undefined;
  if (!isJsonObject(sent) || typeof sent.token !== "string") {
    return Response.json({ message: 'Send JSON: {"token": "<the token>"}.' }, { status: 400 });
  }
  const live = await functions.fetch(new Request(jwksUrlOf(origin)));
  const body: unknown = await live.json();
  const variables = await readEnvFile(envFile) ?? {};
  const audiences = audiencesOf(variables, []);
  const check = { audiences, nowSeconds: Math.floor(Date.now() / 1000) };
  const unavailable: RuleResult = {
    rule: "jwks-shape",
    outcome: "failed",
    code: "PSYNC_S2204",
    seen: `powersync-jwks answered with HTTP ${live.status}.`,
    fix: "Look at its error in the output of the task `dev`.",
  };
  const keyRules = live.ok ? checkJwks(body) : [unavailable];
  const tokenRules = await checkToken(sent.token, live.ok ? { ...check, jwks: body } : check);
  return Response.json({
    verdict: verdictOf(tokenRules),
    rules: [...tokenRules, ...keyRules].map((result) => ({
      ...result,
      code: result.code ?? RULE_CODES[result.rule],
    })),
  });
}
