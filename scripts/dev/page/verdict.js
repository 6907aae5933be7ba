/** Shows whether PowerSync accepts a token, and why not. */
import { code, element, errorLines, fill, fixLine, make, withCode } from "./dom.js";

const VERDICTS = {
  accepted: "PowerSync accepts this token",
  refused: "PowerSync refuses this token",
  undecided: "Not everything could be checked",
};

/** Shows a verdict: what needs attention is open, what passed is one line. */
export function showVerdict({ verdict, rules }) {
  const { outcome } = verdict;
  const text = [VERDICTS[outcome], verdict.code].filter((part) => part !== undefined).join(": ");
  const open = ["failed", "warning", "skipped"].flatMap((one) =>
    rules.filter((rule) => rule.outcome === one)
  );
  show({
    text,
    outcome,
    open: open.map(resultItem),
    passed: rules.filter(({ outcome }) => outcome === "passed"),
  });
}

/** Shows why there is no verdict. */
export function showNoVerdict(text, error) {
  show({
    text,
    open: error === undefined ? [] : [make("li", { "data-outcome": "failed" }, ...errorLines(error))],
  });
}

function show({ text, outcome = "", open, passed = [] }) {
  element("verdict").dataset.outcome = outcome;
  fill("verdict-text", text);
  fill("open-rules", ...open);
  fill("passed-rules", ...passed.map(resultItem));
  fill("passed-count", passed.length === 1 ? "1 rule passed" : `${passed.length} rules passed`);
  element("passed").hidden = passed.length === 0;
}

/** One rule or finding as a list item. */
export function resultItem({ rule, outcome, code: name, seen, fix }) {
  return make(
    "li",
    { "data-outcome": outcome },
    make("strong", {}, code(rule), ` ${outcome} `, name && code(name)),
    make("span", {}, ...withCode(seen)),
    fixLine(fix),
  );
}
