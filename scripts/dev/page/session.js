/** Who calls: signs in, refreshes and signs out as supabase-js does. */
import { onClick, onSubmit, showMessage } from "./actions.js";
import { askAuth } from "./calls.js";
import { element, setText } from "./dom.js";
import { on, set, shared } from "./store.js";
import { dateAndTime, distance } from "./time.js";

/** What ends a session in supabase-js: a refusal, not a server that does not answer. */
const ENDED = /^(user_banned|session_not_found|refresh_token_\w+)$/;

onSubmit("sign-in", async ({ id, value }) => {
  const [email, password] = ["email", "password"].map((name) => element(name).value);
  const isNew = value === "signup";
  const answer = await askAuth(
    value,
    id === "anonymous" ? { data: {} } : { email, password, ...isNew ? { data: {} } : {} },
  );
  if (answer.access_token === undefined) throw new Error("Confirm the e-mail address, then sign in.");
  set("session", answer);
  element("get-token").focus();
});

onClick("refresh", refreshSession);

onClick("sign-out", async () => {
  // Even if Auth does not know the session any more, it ends here.
  const ended = askAuth("logout").catch((error) => error);
  set("session", undefined);
  element("caller-title").focus();
  await ended;
});

/**
 * Gets a new access token, with what changed for the user.
 *
 * @throws Auth refuses; then the user is signed out here too.
 */
export async function refreshSession() {
  const { refresh_token } = shared.session;
  try {
    set("session", await askAuth("token?grant_type=refresh_token", { refresh_token }));
  } catch (error) {
    if (ENDED.test(error.code)) set("session", undefined);
    throw error;
  }
}

on("session", (session) => {
  element("sign-in").hidden = session !== undefined;
  element("signed-in").hidden = session === undefined;
  if (session === undefined) return;
  const { user } = session;
  setText("user-name", user.is_anonymous ? "Anonymous user" : user.email);
  setText("user-id", user.id);
  showSessionExpiry();
});

on("state", ({ instance, isDevelopmentAuth }, before) => {
  if (!isDevelopmentAuth || before === undefined || before.instance === instance) return;
  if (shared.session === undefined) return;
  set("session", undefined);
  showMessage(
    element("sign-in"),
    new Error("The server was started again, and its users are gone: sign up again."),
  );
});

/** Says how long the access token of the session is valid. */
export function showSessionExpiry() {
  const { expires_at } = shared.session ?? {};
  if (expires_at === undefined) return;
  const verb = expires_at < Date.now() / 1000 ? "expired" : "expires";
  setText(
    "session-expiry",
    `The session's access token ${verb} ${distance(expires_at)} · ${dateAndTime(expires_at)}`,
  );
}
