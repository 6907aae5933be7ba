/** The editors of a user's metadata. */
import { element, setText } from "./dom.js";

const NAMES = ["app_metadata", "user_metadata"];

/** The user in the editors, as they were filled: what a person has typed since is kept. */
let filled = { id: "", updated_at: "" };

/** Shows the metadata of a user. */
export function fillEditors(user) {
  if (user.id === filled.id && user.updated_at === filled.updated_at) return;
  filled = user;
  for (const name of NAMES) {
    element(name).value = JSON.stringify(user[name], null, 2);
    showFault(name);
  }
}

/**
 * What an administrator sends so that the user has what the editors say: Auth merges, and `null` removes a member.
 *
 * @throws The text of an editor is not a JSON object.
 */
export function readEditors(user) {
  const faulty = NAMES.find((name) => faultOf(name) !== undefined);
  NAMES.forEach(showFault);
  if (faulty !== undefined) {
    element(faulty).focus();
    throw new Error("Nothing was saved.");
  }
  return Object.fromEntries(NAMES.map((name) => {
    const gone = Object.keys(user[name]).map((member) => [member, null]);
    return [name, { ...Object.fromEntries(gone), ...JSON.parse(element(name).value) }];
  }));
}

/** What is wrong with the text of an editor. */
function faultOf(name) {
  try {
    const value = JSON.parse(element(name).value);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? undefined : 'This must be a JSON object, such as {"org_id": "acme"}.';
  } catch (error) {
    return `This is not JSON: ${error.message}.`;
  }
}

function showFault(name) {
  const fault = faultOf(name);
  setText(`${name}-error`, fault ?? "");
  element(name).setAttribute("aria-invalid", fault !== undefined);
}

for (const name of NAMES) element(name).addEventListener("input", () => showFault(name));
