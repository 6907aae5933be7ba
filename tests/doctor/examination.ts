/** A deployment as the doctor examines it: what a test breaks of it, and what is found first. */
import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import type { Check } from "../../scripts/doctor/check.ts";
import { examine } from "../../scripts/doctor/examine.ts";
import { firstRoot, withRootCauses } from "../../scripts/doctor/root-cause.ts";
import type { ExamineOptions } from "../../scripts/doctor/scope.ts";
import { CORS_HEADERS } from "../../supabase/functions/_shared/powersync/http.ts";
import { deployedKey, type Deployment, withDeployment } from "../support/deployment.ts";
import { captureLog } from "../support/log.ts";
import { PUBLISHABLE_KEY } from "../support/project.ts";
import { makeKey, sign } from "../support/signing.ts";

type Options = Partial<ExamineOptions>;

/** Breaks a deployment, and returns what the doctor is started with besides every credential. */
export type SetUp = (deployment: Deployment) => Options | void | Promise<Options | void>;

/** What is found first: the check and its cause; nothing where all is well. */
export interface Found {
  readonly status?: Check["status"];
  readonly code?: string | undefined;
  readonly seen?: RegExp;
  readonly change?: Check["change"];
  /** What another check has, as "check cause: what was seen". */
  readonly also?: RegExp;
}

/** Seconds since 1970. */
export const NOW = () => Date.now() / 1000;

/** A key that is not the deployment's. */
export const otherKey = await makeKey("ES256", "other");

/** Has a deployment examined, with every credential it knows. */
export async function look(deployment: Deployment, options: Options = {}): Promise<readonly Check[]> {
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
  assertShowsNothingSecret(checks, deployment);
  // PowerSync refuses nothing that is in order.
  assertEquals(checks.filter(({ status, code }) => status === "passed" && code !== undefined), []);
  return withRootCauses(checks);
}

/** The root cause, or else the first warning, as "check cause"; nothing where all is well. */
export function firstOf(checks: readonly Check[]): string {
  const first = findFirst(checks);
  return first === undefined ? "" : `${first.id} ${first.cause}`;
}

const lineOf = ({ id, cause, seen }: Check) => `${id} ${cause}: ${seen}`;

function findFirst(checks: readonly Check[]): Check | undefined {
  return firstRoot(checks) ?? checks.find(({ cause }) => cause !== undefined);
}

/** Tests what is found first in a set-up. */
export function testSetUp(name: string, first: string, setUp: SetUp, expected: Found = {}): void {
  Deno.test(name, async () => {
    await withDeployment(async (deployment) => {
      await captureLog(async () => {
        const checks = await look(deployment, await setUp(deployment) ?? {});
        assertEquals(firstOf(checks), first, JSON.stringify(checks, null, 1));
        const { seen, also, ...others } = expected;
        const found = findFirst(checks);
        for (const [name, value] of Object.entries(others)) {
          assertEquals({ ...found }[name as keyof Check], value, name);
        }
        if (found?.id === "token") assert(found.hint, "what to do");
        if (seen !== undefined) assertMatch(found?.seen ?? "", seen);
        if (also !== undefined) {
          assertMatch(checks.map(lineOf).join("\n"), also);
        }
      });
    });
  });
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

type Answer = NonNullable<Deployment["service"]>;

/** Something else answers in the place of a function. */
export const answering = (name: string, answer: Answer): SetUp => (deployment) => {
  deployment.instead[name] = answer;
};

/** The deployed secrets differ. */
export const inEnvironment = (changes: Record<string, string>): SetUp => ({ environment }) => {
  Object.assign(environment, changes);
};

/** Something else answers in the place of the instance, which is named. */
export const service = (answer: Answer): SetUp => (deployment) => {
  deployment.service = answer;
  return { powersync: deployment.powersync };
};

/** What an instance answers that accepts a token. */
export const ACCEPTS = () => new Response('{"checkpoint":{}}\n');

/** The deployment's own file, with changes. */
export function fileOf({ environment, powersync }: Deployment, changes: Record<string, string> = {}) {
  const variables = {
    POWERSYNC_PRIVATE_KEY: environment.POWERSYNC_PRIVATE_KEY,
    POWERSYNC_URL: powersync,
    ...changes,
  };
  return { path: ".env.production", local: false, variables };
}

/** The doctor is given the deployment's own file, with changes. */
export const withFile = (changes: Record<string, string> = {}): SetUp => (deployment) => ({
  file: fileOf(deployment, changes),
});

/** Several set-ups in one. */
export const all = (...setUps: readonly SetUp[]): SetUp => async (deployment) => {
  const options: Options = {};
  for (const setUp of setUps) Object.assign(options, await setUp(deployment));
  return options;
};

/** A good token for the deployment's instance, with changes. */
export async function tokenFor(
  { powersync }: Pick<Deployment, "powersync">,
  changes: Record<string, unknown> = {},
  { key = deployedKey, header = {} } = {},
): Promise<string> {
  const iat = Math.floor(NOW());
  return await sign({ sub: "u", aud: powersync, iat, exp: iat + 300, ...changes }, { key, header });
}

/** Not even before the report takes out what looks like a secret. */
function assertShowsNothingSecret(checks: readonly Check[], { environment, userToken }: Deployment): void {
  const shown = JSON.stringify(checks);
  const { POWERSYNC_PRIVATE_KEY = "" } = environment;
  const secrets = [POWERSYNC_PRIVATE_KEY, userToken, deployedKey.privateJwk.d, otherKey.privateJwk.d];
  for (const secret of secrets) if (secret) assertFalse(shown.includes(secret), "a secret is shown");
  assertFalse(/eyJ[\w-]+\.eyJ/.test(shown), "a token is shown");
}
