import { isJsonObject } from "../../supabase/functions/_shared/powersync/secret.ts";
import { checkToken } from "../powersync/check-token.ts";
import { checkJwks } from "../powersync/jwks.ts";
import { RULE_CODES, type RuleResult, verdictOf } from "../powersync/result.ts";
import { audiencesOf } from "../setup/audience.ts";
import { readEnvFile } from "../setup/env-file.ts";
import type { PageOptions } from "./page-state.ts";
import { readBody } from "./read-body.ts";

/** Several times what PowerSync accepts, so a long token is refused by a rule. */
const MAX_BODY_BYTES = 128 * 1024;

/**
 * Checks `{ "token": "…" }` as the PowerSync Service would, with the keys that `powersync-jwks` serves now.
 *
 * @returns The verdict and the result of each rule with its PowerSync code; 400 when the body has no token. The token is
 * never repeated.
 */
export async function checkRequest(request: Request, { envFile, jwks }: PageOptions): Promise<Response> {
  const token = await readToken(request);
  if (token === undefined) {
    return Response.json({ message: 'Send JSON: {"token": "<the token>"}.' }, { status: 400 });
  }
  const live = await jwks();
  const body: unknown = await live.json();
  const variables = await readEnvFile(envFile) ?? {};
  const audiences = audiencesOf(variables, []);
  const check = { audiences, nowSeconds: Math.floor(Date.now() / 1000) };
  const keyRules = live.ok ? checkJwks(body) : [unavailable(live.status)];
  const tokenRules = await checkToken(token, live.ok ? { ...check, jwks: body } : check);
  return Response.json({
    verdict: verdictOf(tokenRules),
    rules: [...tokenRules, ...keyRules].map((result) => ({
      ...result,
      code: result.code ?? RULE_CODES[result.rule],
    })),
  });
}

/** Other types than JSON are refused: a page of another origin may send them without a preflight. */
async function readToken(request: Request): Promise<string | undefined> {
  if (!/^application\/json\b/i.test(request.headers.get("Content-Type") ?? "")) return undefined;
  const bytes = await readBody(request, MAX_BODY_BYTES);
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(bytes ?? new Uint8Array()));
    return isJsonObject(body) && typeof body.token === "string" ? body.token : undefined;
  } catch {
    return undefined;
  }
}

function unavailable(status: number): RuleResult {
  return {
    rule: "jwks-shape",
    outcome: "failed",
    code: "PSYNC_S2204",
    seen: `powersync-jwks answered with HTTP ${status}.`,
    fix: "Look at its error in the output of the task `dev`.",
  };
}
