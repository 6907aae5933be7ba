/** The development page: who calls, the token they get, and whether PowerSync accepts it. */
import "./session.js";
import "./users.js";
import { announce, onClick } from "./actions.js";
import { curlOf } from "./calls.js";
import { element } from "./dom.js";
import { connect } from "./server.js";
import { page, update } from "./store.js";
import { endpoint } from "./token.js";

const COPIED_MS = 1_500;

const COPIES = {
  token: () => element("token").value.trim(),
  endpoint,
  curl: () => curlOf(element("function").value),
  client_auth: () => page.server.clientAuth ?? "",
};

for (const button of document.querySelectorAll("[data-copy]")) {
  onClick(button, async () => {
    const { copy } = button.dataset;
    const text = COPIES[copy]();
    if (text === "") throw new Error(`There is no ${copy} to copy yet.`);
    // Browsers offer no clipboard to pages of another computer without TLS.
    if (navigator.clipboard === undefined) {
      throw new Error(`This browser does not let the page copy: ${text}`);
    }
    await navigator.clipboard.writeText(text);
    announce(`Copied: ${copy}.`);
    button.dataset.done = "";
    setTimeout(() => delete button.dataset.done, COPIED_MS);
  });
}

connect();
setInterval(update, 1_000);
