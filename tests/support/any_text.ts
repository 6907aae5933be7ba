/** Arbitraries over all of Unicode. fast-check's own `unit: "binary"` and `webUrl` take 0.8 s to make. */
import fc from "npm:fast-check@4.10.2";

/** The surrogates are no characters. */
const [FIRST_SURROGATE, SURROGATES] = [0xd800, 0x800];

/** Any character, control characters and unassigned ones too; half of them ASCII, which most syntax is made of. */
export const character = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }),
  fc.integer({ min: 0, max: 0x10ffff - SURROGATES }),
).map((code) => String.fromCodePoint(code < FIRST_SURROGATE ? code : code + SURROGATES));

/** Any value of JSON, whose texts and member names have any characters. */
export const json = fc.jsonValue({ stringUnit: character });

/** A URL with any path, and perhaps a query and a fragment. */
export const url = fc.tuple(
  fc.constantFrom("http", "https"),
  fc.domain(),
  fc.array(fc.tuple(fc.constantFrom("/", "?", "#", "&", "="), fc.string({ unit: "grapheme" }))),
).map(([scheme, host, parts]) =>
  `${scheme}://${host}${parts.map(([mark, text]) => mark + encodeURIComponent(text)).join("")}`
);
