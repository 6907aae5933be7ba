/** Reads and replaces a file with secrets: as a whole or not at all, because it may be a private key's only copy. */
import { dirname, resolve } from "node:path";
import { CommandError } from "../cli/command.ts";

/** Only its owner may read a file with secrets. */
const SECRET_FILE_MODE = 0o600;

/** A file as it was read. */
export interface FileText {
  readonly text: string;
  /** PowerShell and Notepad write it; other tools cannot read it. */
  readonly isUtf16: boolean;
  /** It is in another encoding, so the text lacks characters of the file. */
  readonly isLossy: boolean;
}

/**
 * The text of a file in UTF-8 or UTF-16, without a byte order mark.
 *
 * @returns `undefined` when there is no such file.
 * @throws {CommandError} The file cannot be read.
 */
export async function readText(path: string): Promise<FileText | undefined> {
  try {
    const bytes = await Deno.readFile(path);
    const utf16 = utf16Of(bytes);
    const text = new TextDecoder(utf16).decode(bytes);
    return { text, isUtf16: utf16 !== undefined, isLossy: text.includes("\ufffd") && !isValid(bytes, utf16) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw fileError(error, `${path} cannot be read`, "it");
  }
}

function isValid(bytes: Uint8Array, encoding: string | undefined): boolean {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** By its byte order mark, or by the zero in its first character: a text in UTF-8 has none. */
function utf16Of([first, second]: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  if ((first === 0xff && second === 0xfe) || (second === 0 && first !== 0)) return "utf-16le";
  return (first === 0xfe && second === 0xff) || (first === 0 && second !== 0) ? "utf-16be" : undefined;
}

/**
 * Replaces a file, or the target of a link. A reader sees the old text or the new one, never a part.
 *
 * @param path The file; it need not exist.
 * @param change `from`: the text as it was read, `undefined` when there was no file; `to`: the new text.
 * @throws {CommandError} The file has changed since it was read, or cannot be written.
 */
export async function replaceSecretFile(
  path: string,
  change: { readonly from: string | undefined; readonly to: string },
): Promise<void> {
  try {
    await replace(path, change);
  } catch (error) {
    throw fileError(error, `${path} cannot be written`, "its folder");
  }
}

/** The temporary file is the lock as well: only one command can create it. */
async function replace(
  path: string,
  { from, to }: { from: string | undefined; to: string },
): Promise<void> {
  const target = await followLinks(path);
  const temporary = `${target}.tmp`;
  const created = await createSecretFile(temporary);
  try {
    try {
      const current = await readText(path);
      if (current?.text !== from) {
        throw new CommandError(
          `${path} has changed since it was read, and was left as it is: try again.`,
        );
      }
      if (current?.isLossy) {
        throw new CommandError(
          `${path} is not UTF-8, so writing it would lose characters: save it as UTF-8.`,
        );
      }
      const bytes = new TextEncoder().encode(to);
      for (let written = 0; written < bytes.length;) written += await created.write(bytes.subarray(written));
      await created.sync();
    } finally {
      created.close();
    }
    if (from !== undefined) await keepOwner(target, temporary);
    await Deno.rename(temporary, target);
  } catch (error) {
    // What kept it from being written matters more; the next command names a file that stays.
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

async function createSecretFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { write: true, createNew: true, mode: SECRET_FILE_MODE });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new CommandError(
      `Another command is writing, or was interrupted: if none is running, remove ${path}.`,
    );
  }
}

/** Where a link leads, even if nothing is there yet; any other path is returned as it is. */
export async function followLinks(path: string): Promise<string> {
  const target = await Deno.readLink(path).catch(() => undefined);
  return target === undefined ? path : await followLinks(resolve(dirname(path), target));
}

/** Root in a container must not take a mounted file from its owner. */
export async function keepOwner(target: string, temporary: string): Promise<void> {
  const [{ uid, gid }, created] = await Promise.all([Deno.stat(target), Deno.stat(temporary)]);
  if (uid !== created.uid) await Deno.chown(temporary, uid, gid);
}

/**
 * What the system said of a file, as a sentence with the fix; any other error is returned as it is.
 *
 * @param state What could not be done, such as "x.env cannot be written".
 * @param owned Whose owner and permissions to check.
 */
export function fileError(error: unknown, state: string, owned: string): unknown {
  if (error instanceof CommandError) return error;
  const { NotFound, NotADirectory, PermissionDenied, IsADirectory } = Deno.errors;
  const reasons = [
    [NotFound, "its folder does not exist; create it first"],
    [NotADirectory, "a part of its path is a file, not a folder"],
    [PermissionDenied, `check who owns ${owned}, and its permissions`],
    [IsADirectory, "it is a folder; name a file in it"],
  ] as const;
  const [, known] = reasons.find(([kind]) => error instanceof kind) ?? [];
  // A full disk, a read-only file system: the system's own words say it best.
  const reason = known ?? (error instanceof Error && /\(os error \d+\)/.test(error.message) && error.message);
  return reason ? new CommandError(`${state}: ${reason}.`) : error;
}
