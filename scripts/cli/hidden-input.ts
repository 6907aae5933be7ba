import { CommandError } from "./command.ts";

/** The parts of standard input that {@linkcode readHidden} uses. */
export interface Terminal {
  setRaw(raw: boolean): void;
  read(buffer: Uint8Array): Promise<number | null>;
}

const MAX_CHARACTERS = 256 * 1024;

/** Enter, as terminals send it, and Ctrl-D. */
const ENTER: readonly (string | undefined)[] = ["\r", "\n", "\x04"];

/** Bracketed paste: a terminal that knows it marks both ends of what is pasted, so lines in it are not the Enter key. */
const [MARK_PASTES, DO_NOT_MARK] = ["\x1b[?2004h", "\x1b[?2004l"];
const [PASTE, END_OF_PASTE] = ["\x1b[200~", "\x1b[201~"];

/**
 * Asks a person for a text and does not show it. A terminal in its usual mode cuts a line at 4,096 characters, so this
 * one is read raw.
 *
 * @param question Goes to standard error.
 * @param terminal Standard input by default.
 * @throws {CommandError} Ctrl-C, or more than a person pastes.
 */
export async function readHidden(question: string, terminal: Terminal = Deno.stdin): Promise<string> {
  terminal.setRaw(true);
  await print(question + MARK_PASTES);
  try {
    return await readToEnter(terminal);
  } finally {
    await print(`${DO_NOT_MARK}\r\n`);
    terminal.setRaw(false);
  }
}

async function print(text: string): Promise<void> {
  await Deno.stderr.write(new TextEncoder().encode(text));
}

async function readToEnter(terminal: Terminal): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(64 * 1024);
  for (let text = "";;) {
    const size = await terminal.read(buffer);
    text += decoder.decode(buffer.subarray(0, size ?? 0), { stream: true });
    if (text.includes("\x03")) throw new CommandError("Interrupted.");
    if (text.length > MAX_CHARACTERS) throw new CommandError("That is too long for a token.");
    const isPasting = text.lastIndexOf(PASTE) > text.lastIndexOf(END_OF_PASTE);
    if (size === null || (!isPasting && ENTER.includes(text.at(-1)))) return typed(text);
  }
}

/** What is left after the keys that correct: backspace, and Ctrl-U for the line. */
function typed(text: string): string {
  const plain = text.replaceAll(PASTE, "").replaceAll(END_OF_PASTE, "").replaceAll("\r", "\n").replaceAll(
    "\x04",
    "",
  );
  const kept: string[] = [];
  for (const key of plain) {
    if (key === "\x7f" || key === "\b") kept.pop();
    else if (key === "\x15") kept.length = 0;
    else kept.push(key);
  }
  return kept.join("");
}
