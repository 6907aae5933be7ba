/** Text from elsewhere, made safe for a terminal: a key ID or a message may hold anything. */

/** Control characters and what reorders or hides text: bidirectional marks, joiners, line separators, half characters. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The text with a visible sign in the place of every character that a terminal would act on or hide. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, "�");
}

/** Characters of a hint in an answer of a function; their own hints are shorter. */
export const LONGEST_HINT = 600;

/**
 * The text as {@linkcode visible} makes it, shortened: a person who pastes a secret in the wrong place must not find
 * it in a log.
 *
 * @param longest Characters; of a longer text only the first half of that many are shown.
 */
export function shown(text: string, longest = 80): string {
  return visible(text.length > longest ? `${text.slice(0, longest / 2)}…` : text);
}

/**
 * Many texts in a sentence, each as {@linkcode shown} makes it.
 *
 * @param none What to say when there is none.
 */
export function shownList(texts: readonly string[], none: string): string {
  const more = texts.length > 10 ? [`and ${texts.length - 10} more`] : [];
  return [...texts.slice(0, 10).map((text) => shown(text)), ...more].join(", ") || none;
}

/** JSON in which those characters are escaped, so its values are exact and its text is safe. */
export function safeJson(value: unknown, space?: number): string {
  // What is left of them: `JSON.stringify` escapes the others itself.
  return JSON.stringify(value, null, space).replace(
    /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu,
    (found) => found.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
}
