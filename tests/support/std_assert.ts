/**
 * The assertions of `@std/assert` that the tests use, over `node:assert`: what `@std/assert` is bound to where JSR
 * cannot be reached (`scripts/test.ts`).
 */
import strict, { AssertionError } from "node:assert/strict";

// deno-lint-ignore no-explicit-any -- a class of errors may take any arguments
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

export function assert(value: unknown, message?: string): asserts value {
  strict.ok(value, message ?? "Expected a truthy value.");
}

export function assertFalse(value: unknown, message?: string): asserts value is false {
  strict.ok(!value, message ?? "Expected a falsy value.");
}

export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  strict.deepStrictEqual(actual, expected, message);
}

export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  strict.notDeepStrictEqual(actual, expected, message);
}

export function assertExists<T>(value: T, message?: string): asserts value is NonNullable<T> {
  strict.ok(value !== undefined && value !== null, message ?? "Expected a value.");
}

export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  strict.match(actual, expected, message);
}

export function assertNotMatch(actual: string, expected: RegExp, message?: string): void {
  strict.doesNotMatch(actual, expected, message);
}

export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  strict.ok(
    actual.includes(expected),
    message ?? `Expected ${JSON.stringify(actual)} to include ${JSON.stringify(expected)}.`,
  );
}

export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass?: ErrorClass<E>,
  includes?: string,
): E {
  try {
    fn();
  } catch (error) {
    return checked(error, errorClass, includes);
  }
  throw new AssertionError({ message: "Expected the function to throw." });
}

export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass?: ErrorClass<E>,
  includes?: string,
): Promise<E> {
  try {
    await fn();
  } catch (error) {
    return checked(error, errorClass, includes);
  }
  throw new AssertionError({ message: "Expected the function to reject." });
}

function checked<E extends Error>(error: unknown, errorClass: ErrorClass<E> | undefined, includes = ""): E {
  const expected: ErrorClass<Error> = errorClass ?? Error;
  strict.ok(error instanceof expected, `Expected ${expected.name}, got ${error}.`);
  assertStringIncludes(error.message, includes);
  // deno-lint-ignore no-explicit-any -- checked just above; without a class the caller gets an Error
  return error as any;
}
