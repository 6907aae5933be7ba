/** Fills the page, with text and never with markup. */

/** The element of an id. */
export function element(id) {
  return document.getElementById(id);
}

/** A new element with attributes and children; those that are `undefined` are left out. */
export function make(tag, attributes, ...children) {
  const made = document.createElement(tag);
  const isThere = (value) => value !== undefined;
  for (const [name, value] of Object.entries(attributes)) if (isThere(value)) made.setAttribute(name, value);
  made.append(...children.filter(isThere));
  return made;
}

/** New text in the style of code. */
export function code(text) {
  return make("code", {}, text);
}

/** Text in which backticks enclose code. */
export function withCode(text) {
  return text.split("`").map((part, index) => index % 2 === 0 ? part : code(part));
}

/** What fixes a problem, if that is known. */
export function fixLine(text = "") {
  return text === "" ? undefined : make("span", { class: "fix" }, ...withCode(text));
}

/** An error with its code, and the exception behind it or else what fixes it. */
export function errorLines({ code: name, message, hint, exception }) {
  return [
    name && make("strong", {}, code(`${name} `)),
    ...withCode(message),
    exception === undefined ? fixLine(hint) : make("pre", {}, exception),
  ];
}

/**
 * Shows content in an element, or the one of an ID. Only what differs is replaced: a selection stays, and what screen
 * readers have announced is not repeated.
 */
export function fill(target, ...content) {
  replaceContent(typeof target === "string" ? element(target) : target, make("div", {}, ...content));
}

function replaceContent(shown, wanted) {
  const [before, after] = [[...shown.childNodes], [...wanted.childNodes]];
  if (before.length !== after.length) return shown.replaceChildren(...after);
  for (const [index, node] of after.entries()) {
    const old = before[index];
    if (old.isEqualNode(node)) continue;
    if (old.cloneNode().isEqualNode(node.cloneNode())) replaceContent(old, node);
    else old.replaceWith(node);
  }
}
