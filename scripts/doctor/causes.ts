import type { PowerSyncCode } from "../powersync/codes.ts";
import { DEPLOYMENT_CAUSES } from "./causes/deployment.ts";
import { SECRET_CAUSES } from "./causes/secrets.ts";
import { TOKEN_CAUSES } from "./causes/token.ts";

/** Why a set-up does not work, and the way out. */
export interface Cause {
  readonly cause: string;
  /** The code that a client of PowerSync sees; none when PowerSync does not notice. */
  readonly code?: PowerSyncCode;
  /** The command or setting; `<project ref>` in it is replaced where the ref is known. */
  readonly fix: string;
}

/** Every cause the doctor can name, by its id. */
export const CAUSES = { ...SECRET_CAUSES, ...DEPLOYMENT_CAUSES, ...TOKEN_CAUSES };

export type CauseId = keyof typeof CAUSES;

/** A cause by its id. */
export function causeOf(id: CauseId): Cause {
  return CAUSES[id];
}
