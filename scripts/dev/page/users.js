/** The users of the development Auth, as an administrator sees and changes them. */
import { onClick, onSubmit } from "./actions.js";
import { askAdmin } from "./calls.js";
import { element, fill, make } from "./dom.js";
import { onUpdate, page } from "./store.js";
import { dateAndTime } from "./time.js";

/** As many as the list shows. */
const MAX_USERS = 200;

const METADATA = ["app_metadata", "user_metadata"];

let users = [];

/** The user in the editors, as they were filled: what a person has typed since is kept. */
let filled = {};

const select = element("user-select");

/** Reads the users again; other apps may have signed some up. */
async function readUsers(id = select.value) {
  if (!page.server?.isDevelopmentAuth || !page.isOnline) return;
  ({ users } = await askAdmin("GET", `users?per_page=${MAX_USERS}`));
  fill("user-select", ...users.map((user) => make("option", { value: user.id }, nameOf(user))));
  select.value = users.some((user) => user.id === id) ? id : users[0]?.id ?? "";
  show();
}

function nameOf({ email, id }) {
  return email === "" ? `Anonymous user ${id.slice(0, 8)}` : email;
}

function chosen() {
  return users.find(({ id }) => id === select.value);
}

function callerId({ session } = page) {
  return session?.user.id;
}

function show() {
  const user = chosen();
  element("users-card").hidden = !page.server?.isDevelopmentAuth;
  element("no-users").hidden = user !== undefined;
  element("user").hidden = user === undefined;
  if (user !== undefined) showUser(user);
}

function showUser(user) {
  const bannedUntil = Date.parse(user.banned_until ?? "");
  const isBanned = bannedUntil > Date.now();
  fill("ban-state", isBanned ? `Banned until ${dateAndTime(bannedUntil / 1000)}.` : "Not banned.");
  fill("ban", isBanned ? "End ban" : "Ban for 24 hours");
  element("ban").value = isBanned ? "none" : "24h";
  if (user.id === filled.id && user.updated_at === filled.updated_at) return;
  filled = user;
  for (const name of METADATA) {
    element(name).value = JSON.stringify(user[name], null, 2);
    checkEditor(name);
  }
}

/** Says what is wrong with the text of an editor, and keeps it from being sent. */
function checkEditor(name) {
  const editor = element(name);
  editor.setCustomValidity(faultOf(editor.value));
  fill(`${name}-error`, editor.validationMessage);
}

function faultOf(text) {
  try {
    const value = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? "" : 'This must be a JSON object, such as {"org_id": "acme"}.';
  } catch (error) {
    return `This is not JSON: ${error.message}.`;
  }
}

for (const name of METADATA) element(name).addEventListener("input", () => checkEditor(name));

onSubmit("metadata", async () => {
  const user = chosen();
  const changes = METADATA.map((name) => {
    // Auth merges, and `null` removes a member.
    const gone = Object.keys(user[name]).map((member) => [member, null]);
    return [name, { ...Object.fromEntries(gone), ...JSON.parse(element(name).value) }];
  });
  await change(Object.fromEntries(changes), "Saved.");
});

onClick(element("ban"), async () => {
  const { value } = element("ban");
  await change({ ban_duration: value }, value === "none" ? "The ban has ended." : "Banned.");
});

async function change(changes, said) {
  const { id } = chosen();
  await askAdmin("PUT", `users/${id}`, changes);
  await readUsers(id);
  say(id, said);
}

onClick(element("delete"), async () => {
  const user = chosen();
  await askAdmin("DELETE", `users/${user.id}`);
  await readUsers();
  say(user.id, `${nameOf(user)} was deleted.`);
});

/** Says what was changed, and where it shows. */
function say(id, what) {
  const isCaller = id === callerId();
  const where = isCaller
    ? "Refresh the session, as your app does, to see it."
    : "It shows at the user's next refresh.";
  fill("user-change", `${what} ${where}`);
}

select.addEventListener("change", () => {
  fill("user-change");
  show();
});

const readQuietly = (id) => readUsers(id).catch(() => {});

globalThis.addEventListener("focus", () => readQuietly());

onUpdate((before) => {
  const id = callerId();
  if (page.session !== before.session) fill("user-change");
  if (id !== callerId(before)) readQuietly(id);
  else if (page.isOnline !== before.isOnline) readQuietly();
  show();
});
