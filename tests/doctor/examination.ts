import { assertFalse } from "@std/assert";
import type { CauseId, Check } from "../../scripts/doctor/check.ts";
import { examine } from "../../scripts/doctor/examine.ts";
import type { ExamineOptions } from "../../scripts/doctor/scope.ts";
import { CORS_HEADERS } from "../../supabase/functions/_shared/powersync/http.ts";
import { deployedKey, type Deployment } from "../support/deployment.ts";
import { PUBLISHABLE_KEY } from "../support/project.ts";
import { makeKey } from "../support/signing.ts";

/** Seconds since 1970. */
export const NOW = () => Date.now() / 1000;

/** A key that is not the deployment's. */
export const otherKey = await makeKey("ES256", "other");

/** Has a deployment examined, with every credential it knows. */
export async function look(
  deployment: Deployment,
  options: Partial<ExamineOptions> = {},
): Promise<readonly Check[]> {
  const { checks } = await examine({
    file: undefined,
    project: deployment.url,
    publishableKey: PUBLISHABLE_KEY,
    userToken: deployment.userToken,
    audiences: [],
    now: NOW,
    slowMs: 3_000,
    timeoutMs: 5_000,
    ...options,
  });
  return checks;
}

/** The causes that were named. */
export function causesOf(checks: readonly Check[]): CauseId[] {
  return checks.flatMap(({ cause }) => cause === undefined ? [] : [cause]);
}

/** An answer with the functions' CORS headers. */
export function json(body: unknown, init: ResponseInit = {}): () => Response {
  return () => Response.json(body, { ...init, headers: { ...CORS_HEADERS, ...init.headers } });
}

/** An answer that begins with a byte and never ends. */
export function unfinished(status: number): () => Response {
  return () =>
    new Response(new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array([123])) }), {
      status,
    });
}

/** Not even before the report takes out what looks like a secret. */
export function assertShowsNothingSecret(
  checks: readonly Check[],
  { environment, userToken }: Deployment,
): void {
  const shown = JSON.stringify(checks);
  const { POWERSYNC_PRIVATE_KEY = "" } = environment;
  const secrets = [POWERSYNC_PRIVATE_KEY, userToken, deployedKey.privateJwk.d, otherKey.privateJwk.d];
  for (const secret of secrets) if (secret) assertFalse(shown.includes(secret), "a secret is shown");
  assertFalse(/eyJ[\w-]+\.eyJ/.test(shown), "a token is shown");
}
