/** Fills the page, with text and never with markup. */

/** The element of an id. */
export function element(id) {
  return document.getElementById(id);
}

/** One element with text and attributes. */
function make(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** Shows an error with its code and hint; `undefined` hides the last one. */
export function showError(error) {
  const box = element("error");
  box.hidden = error === undefined;
  if (error === undefined) return box.replaceChildren();
  box.replaceChildren(
    make("strong", error.code ?? "Error"),
    " ",
    ...withCode(error.message),
    fixOf(error.hint ?? ""),
  );
}

/** Shows the Supabase project, the keys, and the settings for PowerSync. */
export function showState({ supabaseUrl, isDevelopmentAuth, publishableKey, keys, problems, clientAuth }) {
  element("platform").textContent =
    `${isDevelopmentAuth ? "Development Auth" : "Your project"}: ${supabaseUrl}` +
    `, publishable key ${publishableKey ?? "not set"}`;
  element("keys").replaceChildren(...keys.map((key) => {
    const row = document.createElement("tr");
    row.append(make("td", key.kid), make("td", key.alg), make("td", roleText(key)));
    return row;
  }));
  element("problems").replaceChildren(
    ...problems.map(({ id, severity, message, hint }) =>
      resultItem({
        outcome: severity === "error" ? "failed" : "warning",
        code: id,
        seen: message,
        ...(hint === "" ? {} : { fix: hint }),
      })
    ),
  );
  element("client-auth").textContent = clientAuth;
}

function roleText({ role, startsAt }) {
  if (role === "signs") return "signs new tokens";
  if (role === "verifies") return "verifies only";
  return `starts to sign at ${new Date(startsAt * 1000).toLocaleString()}`;
}

const OUTCOMES = ["failed", "warning", "skipped", "passed"];

/** Shows the verdict and each rule, failures first. */
export function showCheck({ verdict, rules }) {
  const text = element("verdict");
  text.textContent = [verdict.outcome, verdict.code].filter(Boolean).join(": ").replace(
    /^./,
    (first) => first.toUpperCase(),
  );
  text.dataset.outcome = verdict.outcome;
  const counts = OUTCOMES.flatMap((outcome) => {
    const number = rules.filter((rule) => rule.outcome === outcome).length;
    return number === 0 ? [] : [`${number} ${outcome}`];
  });
  element("count").textContent = `Rules: ${
    counts.join(", ")
  }. Each rule shows the error that PowerSync returns when it is broken.`;
  const sorted = rules.toSorted((a, b) => OUTCOMES.indexOf(a.outcome) - OUTCOMES.indexOf(b.outcome));
  element("rules").replaceChildren(...sorted.map(resultItem));
}

function resultItem({ rule, outcome, code, seen, fix }) {
  const item = make("li", "", { "data-outcome": outcome });
  const title = make("strong", [rule, outcome].filter(Boolean).join(" · "));
  if (code !== undefined) title.append(make("span", ` · ${code}`, { class: "code" }));
  item.append(title, ...withCode(seen));
  if (fix !== undefined) item.append(fixOf(fix));
  return item;
}

function fixOf(text) {
  const fix = make("span", "", { class: "fix" });
  fix.append(...withCode(text));
  return fix;
}

/** Text in which backticks enclose code. */
function withCode(text) {
  return text.split("`").map((part, index) => index % 2 === 0 ? part : make("code", part));
}

/** Clears the last verdict before the next token is checked. */
export function clearCheck() {
  const text = element("verdict");
  text.textContent = "No verdict yet.";
  delete text.dataset.outcome;
  element("count").textContent = "";
  element("rules").replaceChildren();
}

/** Shows a token's header and claims, and returns the claims. */
export function showContent(token) {
  const [header, claims] = token.split(".").map(decodePart);
  element("header").textContent = header === undefined ? "–" : JSON.stringify(header, null, 2);
  element("claims").textContent = claims === undefined ? "–" : JSON.stringify(claims, null, 2);
  return claims;
}

function decodePart(part) {
  try {
    const bytes = Uint8Array.from(
      atob(part.replaceAll("-", "+").replaceAll("_", "/")),
      (c) => c.charCodeAt(0),
    );
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** Shows how long a token is still valid. */
export function showExpiry(exp) {
  const seconds = Math.round(exp - Date.now() / 1000);
  if (!Number.isFinite(seconds)) return element("expiry").textContent = "";
  const span = `${Math.floor(Math.abs(seconds) / 60)} min ${Math.abs(seconds) % 60} s`;
  element("expiry").textContent = seconds >= 0 ? `Expires in ${span}.` : `Expired ${span} ago.`;
}
