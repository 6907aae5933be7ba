/** The URL of an instance of PowerSync Cloud, for a reader to complete. */
export const EXAMPLE_URL = "https://<instance>.powersync.journeyapps.com";

/** What examples, shells and templates have in the place of a name; short, so that no JSON or secret is one. */
const MARKS =
  /[<>]|\$[A-Za-z_]\w*|\$[({][\w\s.-]{1,40}[)}]|\{[\w\s.-]{1,40}\}|\[[\w\s.-]{1,40}\]|%[A-Za-z_]{3,40}%|\.{3}|…/;

/** What examples write as a part of a host name. */
const LABELS = [
  // Not "your" alone, nor any word behind it: such domains exist.
  /^((my|the)[-_])?your[-_]?(new[-_]|self[-_]?hosted[-_])?(powersync|instance|project|domain|company|app|service|server|host|id|url|org|deployment|subdomain|endpoint)([-_].*)?$/i,
  /^(powersync[-_])?instance[-_]?(id|name|url)$/i,
  /^x{3,}([-_]x+)*$/i,
  /^(placeholder|change[-_]?me|replace[-_]?(me|this))$/i,
];

/** Words in the place of an instance of PowerSync Cloud, whose own name is in small letters. */
const CLOUD = /^[A-Z_-]{3,}\.powersync\./;

/** Real domains of a hoster that read like examples. */
const REAL = /(^|\.)your-server\.de$/i;

/** The names of RFC 2606 as they are; people use their subdomains in tests. */
const RESERVED = /^(www\.)?example\.(com|net|org)$/i;

/** Whether a URL, or a text in the place of one, was copied from an example and not filled in. */
export function isPlaceholder(text: string): boolean {
  const host = text.replace(/^[a-z]+:\/+/i, "").replace(/[/:?#].*$/s, "");
  if (REAL.test(host)) return false;
  return MARKS.test(text) || CLOUD.test(host) || RESERVED.test(host) ||
    host.split(".").some((label) => LABELS.some((form) => form.test(label)));
}
