import type { Environment } from "../../../supabase/functions/_shared/powersync/settings.ts";
import type { Reason } from "../../../supabase/functions/_shared/powersync/verify.ts";
import type { DecodedToken } from "../tokens/decoded-token.ts";
import type { Told } from "../tokens/told.ts";

/** What a refusal of a user's token is explained with. */
export interface RefusalContext {
  readonly decoded: DecodedToken;
  readonly environment: Environment;
  /** For each answer of a server. */
  readonly timeoutMs: number;
}

/** What a person sees of one refusal. */
export type Explanation = Omit<Told, "id" | "status">;

/** How an issuer's refusals are explained. */
export type Explanations = Readonly<
  Partial<Record<Reason, (context: RefusalContext) => Explanation | Promise<Explanation>>>
>;

/** Whether a value from a token needs no quotes in a file or a shell. */
export function isPlainValue(value: unknown): value is string {
  return typeof value === "string" && /^[\w.:/@+-]{1,200}$/.test(value);
}
