/** The development page: who calls, the token they get, and whether PowerSync accepts it. */
import "./copy.js";
import "./server.js";
import "./users.js";
import { followClock } from "./claims.js";
import { connect } from "./connection.js";
import { element } from "./dom.js";
import { showSessionExpiry } from "./session.js";
import { on } from "./store.js";
import { followToken } from "./token.js";

// Enter presses the first button: a development Auth has no users at first, a project has.
on("state", ({ isDevelopmentAuth }, before) => {
  if (before !== undefined) return;
  if (isDevelopmentAuth) element("email").value ||= "ada@example.com";
  else element("use-password").parentElement.prepend(element("use-password"));
});

connect();
setInterval(() => {
  followToken();
  followClock();
  showSessionExpiry();
}, 1_000);
