/** After a change of a user: where it shows, and the button that shows it. */
import { onClick } from "./actions.js";
import { element, setText } from "./dom.js";
import { refreshSession } from "./session.js";
import { on, shared } from "./store.js";
import { getUserToken } from "./token.js";

/** Says that a user was changed, and offers a new token if that user is signed in here. */
export function offerRefresh(userId, said) {
  const isSignedIn = shared.session?.user.id === userId;
  element("offer").hidden = false;
  element("renew").hidden = !isSignedIn;
  element("offer").querySelector(".message").replaceChildren();
  setText(
    "offer-text",
    isSignedIn
      ? `${said} It shows in the next refreshed token.`
      : `${said} It shows when this user's session is refreshed, or at the next sign-in.`,
  );
}

/** Takes the offer away. */
export function withdrawOffer() {
  element("offer").hidden = true;
}

on("session", (session, before) => {
  if (session?.user.id !== before?.user.id) withdrawOffer();
});

onClick("renew", async () => {
  try {
    await refreshSession();
  } catch (error) {
    if (shared.session === undefined) {
      element("offer").hidden = false;
      element("renew").hidden = true;
      setText("offer-text", "The session could not be refreshed. The user is signed out, as in your app.");
    }
    throw error;
  }
  withdrawOffer();
  await getUserToken();
});
