/** Where the reader of a message is: `--dir` changes the folder of the command, not of the person who started it. */
import { isAbsolute, join } from "node:path";

let entered: string | undefined;

/** Changes into a folder, and remembers its name for {@linkcode fromReader}. */
export function enterFolder(dir: string): void {
  Deno.chdir(dir);
  entered = fromReader(dir);
}

/** The path of a file, which is relative to the entered folder, from the folder in which the command was started. */
export function fromReader(path: string): string {
  return entered === undefined || isAbsolute(path) ? path : join(entered, path);
}
