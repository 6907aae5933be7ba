/** What passes between the development server and the worker that runs the functions. */

/** A client's request, in parts that can be sent to a worker. */
export interface FunctionRequest {
  readonly kind: "request";
  /** Matches an answer to its request. */
  readonly id: number;
  /** The function's name. */
  readonly name: string;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly [string, string][];
  /** `undefined` where the method allows none. */
  readonly body: Uint8Array<ArrayBuffer> | undefined;
}

/** A function's answer. */
export interface FunctionResponse {
  readonly kind: "response";
  readonly id: number;
  readonly status: number;
  readonly headers: readonly [string, string][];
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Load the functions, with exactly this environment. Sent once, first. */
export interface LoadFunctions {
  readonly kind: "load";
  readonly environment: Readonly<Record<string, string>>;
}

/** Whether the functions were loaded, and if not, why in one line. */
export interface LoadReport {
  readonly kind: "report";
  readonly problem: string | undefined;
}

/** What the worker receives. */
export type ToWorker = LoadFunctions | FunctionRequest;

/** What the worker sends. */
export type FromWorker = LoadReport | FunctionResponse;
