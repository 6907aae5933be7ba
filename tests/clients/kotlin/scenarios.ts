import type { Backend } from "../harness/backend.ts";
import type { Device } from "./kotlin.ts";

/** What a scenario runs: one app, and a backend of its own. */
export interface Scene extends Backend {
  readonly device: Device;
}

/** By the sentence that each shows. */
export type Scenarios = Readonly<Record<string, (scene: Scene) => Promise<void>>>;
