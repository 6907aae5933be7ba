/** What one look at the evidence showed. */
export interface Told {
  /** Stable, in kebab-case. */
  readonly id: `${"token" | "user-token"}-${string}`;
  readonly status: "passed" | "warning" | "failed" | "skipped";
  /** Plain sentences, with both sides of what differs. Never holds a token, a key or a secret. */
  readonly seen: string;
  /** Settings to change, each with the exact new value, which needs no quotes in a file or a shell. */
  readonly set?: Readonly<Record<string, string>>;
  /** What to send or to configure instead, where no setting heals it. */
  readonly advice?: string;
}
