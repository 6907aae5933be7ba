/** Follows what the server says of itself, and notices when it ends and when it is back. */
import { set } from "./store.js";

const RETRY_MS = 1_000;

let events;
let retry;

function open() {
  events = new EventSource("/dev/events");
  events.onmessage = ({ data }) => {
    set("state", JSON.parse(data));
    set("isOnline", true);
  };
  events.onerror = () => {
    close();
    set("isOnline", false);
    retry = setTimeout(open, RETRY_MS);
  };
}

function close() {
  events?.close();
  clearTimeout(retry);
}

/** A page that is not visible holds no connection, of which a browser has six for one server. */
function follow() {
  close();
  if (!document.hidden) open();
}

/** Starts. */
export function connect() {
  follow();
  document.addEventListener("visibilitychange", follow);
}
