/** Why the functions do not run: their code cannot be loaded. */
export interface LoadProblem {
  /** What the runtime printed, without colors. */
  readonly text: string;
  /** The file that is wrong, relative to the project, and the line in it, where the text names them. */
  readonly file?: string;
  readonly line?: number;
}

/** What the functions are doing, for the page. */
export interface FunctionsStatus {
  /** Counts the versions of the code that were loaded; 0 until the first is. A token of an older one may have other claims. */
  readonly generation: number;
  readonly state: "loading" | "ready" | "failed";
  /** Why the newest code does not run; `undefined` unless it failed. */
  readonly problem?: LoadProblem;
  /** The newest exception of the code that runs: which function, and message with stack. */
  readonly exception?: { readonly name: string; readonly text: string };
}
