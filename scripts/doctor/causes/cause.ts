import type { PowerSyncCode } from "../../powersync/codes.ts";

/** Why a set-up does not work, and the way out. */
export interface Cause {
  readonly cause: string;
  /** The code that a client of PowerSync sees; none when PowerSync does not notice. */
  readonly code?: PowerSyncCode;
  /** The command or setting; `<project ref>` in it is replaced where the ref is known. */
  readonly fix: string;
}
