/** The buttons that copy. */
import { act, announce } from "./actions.js";
import { curlOf } from "./calls.js";
import { element } from "./dom.js";
import { shared } from "./store.js";
import { lastCall } from "./token.js";

const SHOWN_MS = 1_500;

const TEXTS = {
  token: () => element("token").value.trim(),
  endpoint: () => lastCall.endpoint,
  curl: () => curlOf(element("call").elements.namedItem("function").value),
  client_auth: () => shared.state.clientAuth ?? "",
};

async function copy(button) {
  const { copy: what } = button.dataset;
  const text = TEXTS[what]();
  if (text === "") throw new Error(`There is no ${what} to copy yet.`);
  // Browsers offer no clipboard to pages of another computer without TLS.
  if (navigator.clipboard === undefined) throw new Error(`This browser does not let the page copy: ${text}`);
  await navigator.clipboard.writeText(text);
  announce(`Copied: ${what}.`);
  button.dataset.done = "";
  setTimeout(() => delete button.dataset.done, SHOWN_MS);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => act(button, () => copy(button)));
}
