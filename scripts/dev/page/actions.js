/** Buttons: each area does one thing at a time, and shows what went wrong in it. */
import { element, errorLines, fill } from "./dom.js";

/** Runs `run` when a button is pressed. */
export function onClick(button, run) {
  button.addEventListener("click", () => act(button, run));
}

/** Runs `run` with the button that submits a form. */
export function onSubmit(id, run) {
  const form = element(id);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = event.submitter ?? form.querySelector("button");
    act(button, () => run(button));
  });
}

/** Runs what a button does; until it has ended, the buttons of its area do nothing. */
async function act(button, run) {
  const area = button.closest("[data-area]");
  if (area.dataset.busy !== undefined) return;
  area.dataset.busy = "";
  button.setAttribute("aria-busy", "true");
  showError(area);
  try {
    await run();
  } catch (error) {
    showError(area, error);
  } finally {
    button.removeAttribute("aria-busy");
    delete area.dataset.busy;
  }
}

/** Shows an error in an area; without one, hides the last. */
export function showError(area, error) {
  fill(area.querySelector(".message:not([id])"), ...error === undefined ? [] : errorLines(error));
}

/** Says something to people who do not see the page. */
export function announce(text) {
  element("announcement").textContent = text;
}
