const SECONDS_OF: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * Reads a duration such as `75m`, `12h`, `90s` or `1d`; a bare number is seconds.
 *
 * @returns Whole seconds, or `undefined` when the text is not a duration.
 */
export function parseDuration(text: string): number | undefined {
  const [, digits = "", unit = "s"] = /^(\d{1,9})([smhd])?$/.exec(text.trim()) ?? [];
  const factor = SECONDS_OF[unit];
  return digits === "" || factor === undefined ? undefined : Number(digits) * factor;
}

/**
 * A duration for a person: "1 h 15 min", or from two days on whole days.
 *
 * @param seconds Whole seconds.
 */
export function describeDuration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds >= 2 * 86_400) return `${Math.floor(seconds / 86_400)} days`;
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return [[hours, "h"], [minutes, "min"], [rest, "s"]].flatMap(([count, unit]) =>
    count === 0 ? [] : [`${count} ${unit}`]
  )
    .join(" ");
}

/**
 * A time for a person, to the minute and never too early: "2026-11-21 05:20 UTC".
 *
 * @param seconds Seconds since 1970.
 */
export function describeTime(seconds: number): string {
  const minute = Math.ceil(seconds / 60) * 60;
  return `${new Date(minute * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
