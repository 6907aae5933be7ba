/** A line of verdicts.jsonl; its first line says what the members mean. */
export interface Case {
  readonly id: string;
  readonly what: string;
  readonly jwks?: string;
  readonly jwks_status?: number;
  readonly static_keys?: readonly unknown[];
  readonly audience: readonly string[];
  readonly max_age_seconds?: number;
  readonly now: number;
  readonly token: string;
  /** The code that refuses the token; `null` when the service does not start. */
  readonly refused?: string | null;
  readonly message?: string;
}

/** Every case of the file. */
export const CASES = await readCases(new URL("verdicts.jsonl", import.meta.url));

async function readCases(file: URL): Promise<Case[]> {
  const [first = "", ...lines] = (await Deno.readTextFile(file)).trimEnd().split("\n");
  const { defaults } = JSON.parse(first);
  const rows = lines.map((line) => JSON.parse(line));
  const texts = new Map<unknown, string>(rows.filter(({ text }) => text).map(({ text, is }) => [text, is]));
  const named = (value: unknown) => texts.get(value) ?? value;
  return rows.filter(({ id }) => id).map((row) => ({
    ...defaults,
    ...row,
    token: named(row.token),
    ...(row.jwks === undefined ? {} : { jwks: named(row.jwks) }),
  }));
}
