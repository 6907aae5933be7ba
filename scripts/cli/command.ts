import { visible } from "./shown.ts";

/** What kept a command from running, as one sentence with the fix. It is printed, and the command fails. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/**
 * Runs a command, and prints what kept it from running as one sentence instead of a stack.
 *
 * @param command The command; it may return its own exit code.
 * @param failed The exit code when it could not run.
 * @returns The exit code.
 */
export async function runCommand(command: () => Promise<number | void>, failed = 1): Promise<number> {
  try {
    return await command() ?? 0;
  } catch (error) {
    if (error instanceof CommandError) console.error(visible(error.message));
    else if (error instanceof Deno.errors.NotCapable) {
      console.error(
        `A permission is missing: ${error.message.split(",")[0]}. Run the command as a task, which has it.`,
      );
    } else console.error("The command itself failed:", error);
    return failed;
  }
}
