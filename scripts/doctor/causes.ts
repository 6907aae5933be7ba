import type { Cause } from "./causes/cause.ts";
import { DEPLOYMENT_CAUSES } from "./causes/deployment.ts";
import { SECRET_CAUSES } from "./causes/secrets.ts";
import { TOKEN_CAUSES } from "./causes/token.ts";

/** Every cause the doctor can name, by its id. */
export const CAUSES = { ...SECRET_CAUSES, ...DEPLOYMENT_CAUSES, ...TOKEN_CAUSES };

export type CauseId = keyof typeof CAUSES;

/** A cause by its id. */
export function causeOf(id: CauseId): Cause {
  return CAUSES[id];
}
