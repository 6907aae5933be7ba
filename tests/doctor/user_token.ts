/** A user's token as the doctor examines it, held to what the functions themselves say. */
import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import type { Told } from "../../scripts/doctor/tokens/told.ts";
import { examineUserToken, type UserTokenOptions } from "../../scripts/doctor/user-token/user-token.ts";
import type { AuthStandIn } from "../support/auth_stand_in.ts";
import { startFunctions } from "../support/functions.ts";
import { type Issuer, startIssuer } from "../support/issuer.ts";
import { PUBLISHABLE_KEY } from "../support/project.ts";

/** Seconds since 1970. */
export const NOW = () => Math.floor(Date.now() / 1000);

/** What was found, and nothing of the token in it. */
export async function examine(token: string, options: Partial<UserTokenOptions> = {}): Promise<Told[]> {
  const told = await examineUserToken(token, { variables: {}, timeoutMs: 5_000, now: NOW, ...options });
  const text = JSON.stringify(told);
  for (const part of token.split(".").filter((part) => part.length > 24)) {
    assertFalse(text.includes(part), "the token is shown");
  }
  return told;
}

/** The IDs, without what is always said first. */
export function idsOf(told: readonly Told[]): string[] {
  return told.map(({ id }) => id.replace("user-token-", "")).filter((id) => id !== "kind");
}

export function find(told: readonly Told[], id: string): Told {
  const found = told.find((one) => one.id === `user-token-${id}`);
  assert(found, `${id} in ${idsOf(told)}`);
  return found;
}

/** The functions themselves refuse the token as it is, and accept it with all the settings that were told. */
export async function assertHeals(
  token: string,
  { told, variables = {}, url = "http://127.0.0.1:9" }: {
    told: readonly Told[];
    variables?: Record<string, string>;
    url?: string;
  },
): Promise<void> {
  const code = (changes: Record<string, string>) =>
    startFunctions({ url, inline: [], environment: { POWERSYNC_USER_ISSUER: "", ...variables, ...changes } })
      .code(token);
  assertMatch(await code({}), /^(401|403|500|503) /);
  const set: Record<string, string> = Object.assign({}, ...told.map(({ set }) => set));
  for (const value of Object.values(set)) assertMatch(value, /^[\w.:/@+=,-]*$/, "it needs quotes");
  assertEquals(await code(set), "200");
}

export const ofProject = (auth: AuthStandIn) => ({ supabaseUrl: auth.url, publishableKey: PUBLISHABLE_KEY });
export const list = (...entries: unknown[]) => ({ POWERSYNC_IDENTITY_PROVIDERS: JSON.stringify(entries) });

/** Runs a test with a provider. */
export async function withProvider(test: (provider: Issuer) => Promise<void>, path?: string): Promise<void> {
  await using provider = await startIssuer("ES256", path);
  await test(provider);
}
