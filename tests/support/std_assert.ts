/**
 * The assertions of `@std/assert` that the tests use, over `node:assert`: what `@std/assert` is bound to where JSR
 * cannot be reached (`scripts/test.ts`).
 */
import strict, { AssertionError } from "node:assert/strict";

// deno-lint-ignore no-explicit-any -- a class of errors may take any arguments
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

export { AssertionError };

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

export function assertStrictEquals<T>(actual: unknown, expected: T, message?: string): asserts actual is T {
  strict.strictEqual(actual, expected, message);
}

export function assertNotStrictEquals<T>(actual: T, expected: T, message?: string): void {
  strict.notStrictEqual(actual, expected, message);
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

export function assertArrayIncludes<T>(actual: ArrayLike<T>, expected: ArrayLike<T>, message?: string): void {
  const found = Array.from(actual);
  for (const item of Array.from(expected)) {
    strict.ok(
      found.some((other) => isEqual(other, item)),
      message ?? "Expected the array to include every item.",
    );
  }
}

export function assertInstanceOf<T>(
  actual: unknown,
  expected: abstract new (...args: never[]) => T,
  message?: string,
): asserts actual is T {
  strict.ok(actual instanceof expected, message ?? `Expected an instance of ${expected.name}.`);
}

export function assertGreater<T>(actual: T, expected: T, message?: string): void {
  strict.ok(actual > expected, message ?? `Expected ${actual} > ${expected}.`);
}

export function assertGreaterOrEqual<T>(actual: T, expected: T, message?: string): void {
  strict.ok(actual >= expected, message ?? `Expected ${actual} >= ${expected}.`);
}

export function assertLess<T>(actual: T, expected: T, message?: string): void {
  strict.ok(actual < expected, message ?? `Expected ${actual} < ${expected}.`);
}

export function assertLessOrEqual<T>(actual: T, expected: T, message?: string): void {
  strict.ok(actual <= expected, message ?? `Expected ${actual} <= ${expected}.`);
}

export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance = 1e-7,
  message?: string,
): void {
  strict.ok(
    Math.abs(actual - expected) <= tolerance,
    message ?? `Expected ${actual} to be about ${expected}.`,
  );
}

/** Every member of `expected` must be in `actual`, to any depth. */
export function assertObjectMatch(
  actual: Record<PropertyKey, unknown>,
  expected: Record<PropertyKey, unknown>,
  message?: string,
): void {
  for (const [name, value] of Object.entries(expected)) {
    const found = actual[name];
    if (isPlainObject(found) && isPlainObject(value)) assertObjectMatch(found, value, message);
    else strict.deepStrictEqual(found, value, message);
  }
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

export function fail(message = "Failed."): never {
  throw new AssertionError({ message });
}

export function unreachable(message = "This was not to be reached."): never {
  throw new AssertionError({ message });
}

function checked<E extends Error>(error: unknown, errorClass: ErrorClass<E> | undefined, includes = ""): E {
  const expected: ErrorClass<Error> = errorClass ?? Error;
  strict.ok(error instanceof expected, `Expected ${expected.name}, got ${error}.`);
  assertStringIncludes(error.message, includes);
  // deno-lint-ignore no-explicit-any -- checked just above; without a class the caller gets an Error
  return error as any;
}

function isEqual(actual: unknown, expected: unknown): boolean {
  try {
    strict.deepStrictEqual(actual, expected);
    return true;
  } catch {
    return false;
  }
}

function isPlainObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
