import { CommandError } from "../../cli/command.ts";
import { readHidden } from "../../cli/hidden-input.ts";

const FLAGS = ["token", "user-token"] as const;
type Flag = typeof FLAGS[number];

/** The values of the flags, as given or as they are read. */
export type TokenFlags = { readonly [Name in Flag]?: string | undefined };

/** Far more than any token or answer with one. */
const MAX_BYTES = 256 * 1024;

/** The value of a flag without one; no argument of a process can hold it. */
const ASK = "\0";

/** Gives `--token` and `--user-token` a value where they have none, because `parseArgs` wants one. */
export function withTokenFlags(args: readonly string[]): string[] {
  return args.map((arg, index) => {
    const next = args[index + 1];
    const isBare = FLAGS.some((name) => arg === `--${name}`) && (next === undefined || /^-./.test(next));
    return isBare ? `${arg}=${ASK}` : arg;
  });
}

/** Where tokens come from that are not in the arguments. */
export interface TokenInput {
  readonly isTerminal: boolean;
  /** Asks a person, without echo. */
  readonly ask: (question: string) => Promise<string>;
  /** All that is piped in. */
  readonly stream: ReadableStream<Uint8Array>;
  /** Where a file is that a flag names. */
  readonly pathOf: (file: string) => string;
}

/**
 * Reads the tokens that the flags name: a file, `-` for standard input, nothing to be asked for it at the prompt, or the
 * token itself.
 *
 * @param flags The values, of arguments that {@linkcode withTokenFlags} prepared.
 * @throws {CommandError} There is no such file, or nothing to read the token from.
 */
export async function readTokenFlags(
  flags: TokenFlags,
  options: Partial<TokenInput> = {},
): Promise<TokenFlags> {
  const input = {
    isTerminal: Deno.stdin.isTerminal(),
    ask: (question: string) => readHidden(question),
    stream: Deno.stdin.readable,
    pathOf: (file: string) => file,
    ...options,
  };
  if (FLAGS.every((flag) => flags[flag] === "-") && !input.isTerminal) {
    throw new CommandError("Standard input holds one token: pass a file for --token or for --user-token.");
  }
  const read: Partial<Record<Flag, string>> = {};
  for (const flag of FLAGS) {
    const value = flags[flag];
    if (value !== undefined) read[flag] = await readToken(flag, value, input);
  }
  return read;
}

async function readToken(flag: Flag, value: string, input: TokenInput): Promise<string> {
  if (value === ASK || (value === "-" && input.isTerminal)) {
    if (!input.isTerminal) {
      throw new CommandError(
        `--${flag} has no value, and there is no terminal for a prompt: pass a file, or - for standard input.`,
      );
    }
    const typed = await input.ask(`Paste the token for --${flag} and press Enter (it is not shown): `);
    if (typed.trim() === "") throw new CommandError(`Nothing was entered for --${flag}.`);
    return typed;
  }
  if (value === "-") return decode(flag, await readBytes(flag, input.stream));
  if (value.trim() === "") throw new CommandError(`--${flag} is empty: the shell's variable may not be set.`);
  const file = await openFile(flag, input.pathOf(value));
  if (file !== undefined) return decode(flag, await readBytes(flag, file.readable));
  if (looksLikePath(value)) {
    throw new CommandError(`--${flag} names a file that does not exist: check the path.`);
  }
  console.error(
    `--${flag}: prefer a file, or - for standard input. A token on the command line stays in the shell's history and in CI logs, and the task runner prints it.`,
  );
  return value;
}

async function openFile(flag: Flag, path: string): Promise<Deno.FsFile | undefined> {
  try {
    if (path.length > 1024 || path.includes("\0")) return undefined;
    const { isDirectory } = await Deno.stat(path);
    if (isDirectory) throw new CommandError(`--${flag} names a folder: pass a file.`);
    return await Deno.open(path);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new CommandError(`--${flag} names a file that cannot be read: check its permissions.`);
    }
    if (error instanceof Deno.errors.NotCapable) {
      throw new CommandError(`--${flag} names a device: pipe the token in, with --${flag} -.`);
    }
    // A token is not a name that a file can have.
    return undefined;
  }
}

function looksLikePath(value: string): boolean {
  if (/^(ey|sb_|https?:|bearer |token |authorization)|[\s{}"']/i.test(value)) return false;
  return /[\\/]|^~|\.(jwt|txt|json|token|env|key|pem)$/.test(value);
}

async function readBytes(flag: Flag, stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > MAX_BYTES) {
      throw new CommandError(`--${flag} holds more than ${MAX_BYTES / 1024} KB: that is not a token.`);
    }
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}

/** PowerShell 5 writes UTF-16. */
function decode(flag: Flag, bytes: Uint8Array): string {
  const [first, second] = bytes;
  const encoding = first === 0xff && second === 0xfe
    ? "utf-16le"
    : first === 0xfe && second === 0xff
    ? "utf-16be"
    : "utf-8";
  const text = new TextDecoder(encoding).decode(bytes);
  if (text.trim() === "") throw new CommandError(`--${flag} is empty.`);
  return text;
}
