import { assertEquals } from "@std/assert";

/** What is asked about, or a promise of it, as of a token. */
type Inputs<Input> = readonly (Input | Promise<Input>)[];

/**
 * Holds answers to a table. A failure shows the input and its answer.
 *
 * @param ask What gives the answer to one input.
 * @param table The inputs by the answer that each of them must get; as pairs where an answer is not text.
 */
export async function assertTable<Input>(
  ask: (input: Input) => unknown,
  table:
    | Readonly<Record<string, Inputs<Input>>>
    | readonly (readonly [answer: unknown, inputs: Inputs<Input>])[],
): Promise<void> {
  const rows = Array.isArray(table) ? table : Object.entries(table);
  for (const [expected, inputs] of rows) {
    for (const promised of inputs) {
      const input = await promised;
      assertEquals({ input, answer: await ask(input) }, { input, answer: expected });
    }
  }
}
