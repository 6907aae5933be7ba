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
  return text === "" ? [] : [make("span", { class: "fix" }, ...withCode(text))];
}

/** An error with its code, and the exception behind it or else what fixes it. */
export function errorLines({ code: name, message, hint, exception }) {
  return [
    ...name === undefined ? [] : [make("strong", {}, code(name)), " "],
    ...withCode(message),
    ...exception === undefined ? fixLine(hint) : [make("pre", {}, exception)],
  ];
}

/**
 * Shows content in the element of an id. Only what differs is replaced: a selection stays, and what screen readers have
 * announced is not repeated.
 */
export function fill(id, ...content) {
  replaceContent(element(id), make("div", {}, ...content));
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
