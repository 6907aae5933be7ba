/** What kept a command from running, as one sentence with the fix. It is printed, and the command exits with 1. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/**
 * Runs a command: prints its error as one sentence and exits with 1 instead of showing a stack.
 *
 * @param command The command.
 */
export async function runCommand(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (error instanceof CommandError) console.error(error.message);
    else if (error instanceof Deno.errors.NotCapable) {
      console.error(
        `A permission is missing: ${error.message.split(",")[0]}. Run the command as a task: deno task`,
      );
    } else throw error;
    Deno.exit(1);
  }
}
