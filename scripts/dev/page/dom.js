/** Fills the page, with text and never with markup. */

/** The element of an id. */
export function element(id) {
  return document.getElementById(id);
}

/** A new element with attributes and children. */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Text in which backticks enclose code. */
export function withCode(text) {
  return text.split("`").map((part, index) => index % 2 === 0 ? part : make("code", {}, part));
}

/** Replaces a text, unless it is the same: what is announced must not be repeated. */
export function setText(id, text) {
  const target = element(id);
  if (target.textContent !== text) target.textContent = text;
}
