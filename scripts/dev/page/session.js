/** Who calls: signs in, refreshes and signs out as supabase-js does. */
import { onClick, onSubmit } from "./actions.js";
import { askAuth } from "./calls.js";
import { element, fill } from "./dom.js";
import { onUpdate, page, update } from "./store.js";
import { expiryOf } from "./time.js";

/** What ends a session in supabase-js: a refusal, not a server that does not answer. */
const ENDED = /^(user_banned|session_not_found|refresh_token_\w+)$/;

onSubmit("sign-in", async ({ id, value }) => {
  const [email, password] = ["email", "password"].map((name) => element(name).value);
  const user = id === "anonymous" ? {} : { email, password };
  const session = await askAuth(value, value === "signup" ? { ...user, data: {} } : user);
  if (session.access_token === undefined) throw new Error("Confirm the e-mail address, then sign in.");
  update({ session });
  element("get-token").focus();
});

onClick(element("refresh"), refreshSession);

onClick(element("sign-out"), () => {
  // The session ends here, even if Auth does not know it any more or does not answer.
  askAuth("logout").catch(() => {});
  update({ session: undefined });
  element("caller-title").focus();
});

/**
 * Gets a new access token, with what changed for the user.
 *
 * @throws Auth refuses; then the user is signed out here too.
 */
async function refreshSession() {
  const { refresh_token } = page.session;
  try {
    update({ session: await askAuth("token?grant_type=refresh_token", { refresh_token }) });
  } catch (error) {
    if (ENDED.test(error.code)) update({ session: undefined });
    throw error;
  }
}

onUpdate((before) => {
  const { server, session } = page;
  element("sign-in").hidden = session !== undefined;
  element("signed-in").hidden = session === undefined;
  if (session !== undefined) {
    const { expires_at, user } = session;
    fill("user-name", user.is_anonymous ? "Anonymous user" : user.email);
    fill("user-id", user.id);
    fill("session-expiry", `The session's access token ${expiryOf(expires_at)}`);
  }
  if (server === undefined || before.server !== undefined) return;
  // Enter presses the first button: a development Auth has no users at first, a project has.
  if (server.isDevelopmentAuth) element("email").value ||= "ada@example.com";
  else element("use-password").parentElement.prepend(element("use-password"));
});
