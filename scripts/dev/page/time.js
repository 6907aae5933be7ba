/** Times as people read them. */

const LOCAL = { dateStyle: "medium", timeStyle: "long", hourCycle: "h23" };
const UNITS = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]];

/** A length of time in its two largest units: `4 min 52 s`. */
export function duration(seconds) {
  let rest = Math.abs(Math.round(seconds));
  const first = UNITS.findIndex(([, size]) => rest >= size);
  if (first < 0) return "0 s";
  const parts = UNITS.slice(first, first + 2).flatMap(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? [] : [`${count} ${unit}`];
  });
  return parts.join(" ");
}

/** How far a time is from now: `in 4 min 52 s`, `3 h ago`. */
export function distance(seconds, now = Date.now() / 1000) {
  const difference = Math.round(seconds - now);
  if (difference === 0) return "now";
  return difference >= 0 ? `in ${duration(difference)}` : `${duration(difference)} ago`;
}

/** A time where the reader is, with its zone, and in UTC if that differs; `undefined` for what is no time. */
export function dateAndTime(seconds) {
  const date = new Date(seconds * 1000);
  if (typeof seconds !== "number" || Number.isNaN(date.getTime())) return undefined;
  const local = date.toLocaleString("en-GB", LOCAL);
  if (date.getTimezoneOffset() === 0) return local;
  const isOtherDay = date.getUTCDate() !== date.getDate();
  const utc = date.toLocaleString("en-GB", {
    ...(isOtherDay ? LOCAL : { timeStyle: "long", hourCycle: "h23" }),
    timeZone: "UTC",
  });
  return `${local} (${utc})`;
}

/** A time as a distance and a date; `undefined` for what is no time. */
export function when(seconds) {
  const date = dateAndTime(seconds);
  return date && `${distance(seconds)} · ${date}`;
}

/** When a token expires or has expired; `undefined` for what is no time. */
export function expiryOf(seconds) {
  const text = when(seconds);
  return text && `${seconds < Date.now() / 1000 ? "expired" : "expires"} ${text}`;
}
