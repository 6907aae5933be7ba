/** The users of the development Auth, as an administrator sees and changes them. */
import { announce, onClick, onSubmit } from "./actions.js";
import { askAdmin } from "./calls.js";
import { element, make, setText } from "./dom.js";
import { fillEditors, readEditors } from "./metadata.js";
import { offerRefresh, withdrawOffer } from "./offer.js";
import { on, shared } from "./store.js";
import { dateAndTime } from "./time.js";

/** As many as the list shows. */
const MAX_USERS = 200;
const BAN = "24h";

let users = [];

const select = element("user-select");

/** Reads the users again; other apps may have signed some up. */
async function readUsers(id) {
  if (!shared.state?.isDevelopmentAuth || !shared.isOnline) return;
  ({ users } = await askAdmin("GET", `users?per_page=${MAX_USERS}`));
  const wanted = id ?? select.value;
  select.replaceChildren(...users.map((user) => make("option", { value: user.id }, nameOf(user))));
  select.value = users.some((user) => user.id === wanted) ? wanted : users[0]?.id ?? "";
  show();
}

function nameOf({ email, id }) {
  return email === "" ? `Anonymous user ${id.slice(0, 8)}` : email;
}

function chosen() {
  return users.find(({ id }) => id === select.value);
}

function show() {
  const user = chosen();
  element("no-users").hidden = user !== undefined;
  element("user").hidden = user === undefined;
  if (user === undefined) return;
  fillEditors(user);
  const isBanned = Date.parse(user.banned_until ?? "") > Date.now();
  setText(
    "ban-state",
    isBanned ? `Banned until ${dateAndTime(Date.parse(user.banned_until) / 1000)}.` : "Not banned.",
  );
  setText("ban", isBanned ? "End ban" : "Ban for 24 hours");
  element("ban").value = isBanned ? "none" : BAN;
}

async function change(changes, said) {
  const { id } = chosen();
  await askAdmin("PUT", `users/${id}`, changes);
  await readUsers(id);
  offerRefresh(id, said);
}

onSubmit("metadata", async () => {
  await change(readEditors(chosen()), "Saved.");
});

onClick("ban", async () => {
  const { value } = element("ban");
  await change({ ban_duration: value }, value === "none" ? "The ban has ended." : "Banned.");
});

onClick("delete", async () => {
  const user = chosen();
  await askAdmin("DELETE", `users/${user.id}`, {});
  announce(`${nameOf(user)} was deleted.`);
  await readUsers();
  offerRefresh(user.id, "Deleted.");
});

select.addEventListener("change", () => {
  withdrawOffer();
  show();
});

const readQuietly = (wanted) => readUsers(wanted).catch(() => {});

on("session", (session, before) => {
  if (session?.user.id !== before?.user.id) readQuietly(session?.user.id);
});
on("state", ({ isDevelopmentAuth }) => element("users-card").hidden = !isDevelopmentAuth);
on("isOnline", () => readQuietly());
globalThis.addEventListener("focus", () => readQuietly());
