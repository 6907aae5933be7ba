import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { parse } from "smol-toml";
import { FUNCTION_NAMES } from "../../scripts/setup/function-names.ts";
import { withFunctions } from "../../scripts/add/config-toml.ts";
import { CommandError } from "../../scripts/cli/command.ts";
import { CONFIG } from "../support/add_project.ts";

const SECTIONS: Readonly<Record<string, object>> = Object.fromEntries(
  FUNCTION_NAMES.map((name) => [name, { verify_jwt: false, entrypoint: `./functions/${name}/index.ts` }]),
);
const RIGHT = FUNCTION_NAMES.map((name) => `[functions.${name}]\nverify_jwt = false\n`).join("\n");

// deno-lint-ignore no-explicit-any
function read(text: string): any {
  return JSON.parse(JSON.stringify(parse(text)));
}

/** The lines that an edit removed and added. */
function diff(before: string, after: string): { removed: string[]; added: string[] } {
  const [old, now] = [before.split("\n"), after.split("\n")];
  return {
    removed: old.filter((line) => !now.includes(line)),
    added: now.filter((line) => !old.includes(line)),
  };
}

Deno.test("the sections are appended, and every byte before them stays", () => {
  const forms = [
    CONFIG,
    CONFIG.trimEnd(),
    CONFIG.replaceAll("\n", "\r\n"),
    `\ufeff${CONFIG}`,
    "",
    "# only a comment",
  ];
  for (const before of forms) {
    const { text, done } = withFunctions(before);
    assert(text.startsWith(before));
    assertEquals(done, FUNCTION_NAMES.map((name) => `[functions.${name}]`));
    const own = read(before.replace("\ufeff", ""));
    assertEquals(read(text.replace("\ufeff", "")), { ...own, functions: { ...own.functions, ...SECTIONS } });
    assertEquals(/[^\r]\n/.test(text), !before.includes("\r\n"));
    assertEquals(text.endsWith("\n"), before === "" || before.endsWith("\n"));
    assertEquals(text.match(/PowerSync tokens:/g)?.length, 1);
    assertEquals(withFunctions(text), { text, done: [] });
  }
});

Deno.test("sections that are right stay as they are, with other settings of theirs", () => {
  const own =
    `${RIGHT}enabled = false\nstatic_files = ["./functions/x/*.html"]\nimport_map = "functions/powersync-auth-anonymous/deno.json"\n`;
  assertEquals(withFunctions(own), { text: own, done: [] });
});

Deno.test("only the section that is missing is added", () => {
  const before = RIGHT.replace(/\[functions\.powersync-auth\]\n.*\n\n/, "");
  const { text, done } = withFunctions(before);
  assertEquals(done, ["[functions.powersync-auth]"]);
  assertEquals(read(text).functions["powersync-auth"], SECTIONS["powersync-auth"]);
});

const NAME = "powersync-auth";
const OTHERS = RIGHT.replace(/\[functions\.powersync-auth\]\n.*\n\n/, "");

const SECTION = `${OTHERS}[functions.${NAME}]\n`;
const inTable = (line: string) => `[functions]\n${line}\n${OTHERS}`;

for (
  const [form, before, after] of [
    ["a section", `${SECTION}verify_jwt = true # on\n`, "verify_jwt = false # on"],
    ["a quoted key", `${OTHERS}[functions."${NAME}"]\n"verify_jwt"=true\n`, '"verify_jwt"=false'],
    ["a text", `${SECTION}verify_jwt = "env(VERIFY)"\n`, "verify_jwt = false"],
    ["an inline table", inTable(`${NAME} = { verify_jwt = true }`), `${NAME} = { verify_jwt = false }`],
    ["dotted keys", inTable(`${NAME}.verify_jwt = true`), `${NAME}.verify_jwt = false`],
    [
      "dotted keys at the top",
      `functions.${NAME}.verify_jwt = true\n${OTHERS}`,
      `${NAME}.verify_jwt = false`,
    ],
    [
      "one whose line a comment repeats",
      `${SECTION}# verify_jwt = true\nverify_jwt = true\n`,
      "verify_jwt = false",
    ],
    ["an empty section", `${SECTION}# nothing\n`, "verify_jwt = false"],
    ["an empty inline table", inTable(`${NAME} = {}`), `${NAME} = { verify_jwt = false }`],
    [
      "an inline table of others",
      inTable(`${NAME} = { enabled = true }`),
      "{ verify_jwt = false, enabled = true }",
    ],
    ["dotted keys of others", inTable(`${NAME}.enabled = true`), `${NAME}.verify_jwt = false`],
  ] as const
) {
  Deno.test(`verify_jwt is set right in ${form}, and nothing else changes`, () => {
    for (const eol of ["\n", "\r\n"]) {
      // The function next to it has the same wrong value, of its own.
      const whole = `${before}[functions.hello]\nverify_jwt = true\n`.replaceAll("\n", eol);
      const { text, done } = withFunctions(whole);
      assertEquals(done, [`functions.${NAME}.verify_jwt = false`]);
      assertEquals(read(text).functions[NAME].verify_jwt, false);
      assertEquals(read(text).functions.hello.verify_jwt, true);
      assertStringIncludes(text, `${after}${eol}`);
      const { removed, added } = diff(whole, text);
      assert(removed.length <= 1 && added.length <= 1, text);
      assertEquals(withFunctions(text).done, []);
    }
  });
}

for (
  const before of [
    "functions = {}\n[api]\nport = 1\n",
    "functions = { hello = { verify_jwt = true } }\n[api]\nport = 1\n",
    "functions.hello.verify_jwt = true\n",
    "[functions]\nhello.verify_jwt = true\n",
    "[functions]\n",
  ]
) {
  Deno.test(`the functions get into their table, or sections beside it: ${before.replaceAll("\n", " ")}`, () => {
    const { text } = withFunctions(before);
    const own = read(before);
    assertEquals(text.startsWith(before), !before.startsWith("functions ="));
    assertEquals(read(text), { ...own, functions: { ...own.functions, ...SECTIONS } });
    assertEquals(withFunctions(text), { text, done: [] });
  });
}

Deno.test("another entry file and another import map are replaced by ours, as 0.1.0 and other examples have them", () => {
  const before = OTHERS +
    `[functions.${NAME}]\nverify_jwt = false\nimport_map = "../import_map.json"\nentrypoint = './functions/${NAME}/main.ts'\n`;
  const { text, done } = withFunctions(before);
  assertEquals(read(text).functions[NAME], {
    ...SECTIONS[NAME],
    import_map: `./functions/${NAME}/deno.json`,
  });
  assertEquals(done.length, 2);
});

Deno.test("a value that overrides ours for one project is set right; what is not overridden stays so", () => {
  const before = `${RIGHT}[remotes.production]\nproject_id = "abcdefghijklmnopqrst"\n` +
    `[remotes.production.functions.${NAME}]\nverify_jwt = true\n[remotes.production.functions.powersync-jwks]\nenabled = true\n`;
  const { text, done } = withFunctions(before);
  assertEquals(done, [`remotes.production.functions.${NAME}.verify_jwt = false`]);
  assertEquals(diff(before, text).removed, ["verify_jwt = true"]);
  assertEquals(read(text).remotes.production.functions, {
    [NAME]: { verify_jwt: false },
    "powersync-jwks": { enabled: true },
  });
});

Deno.test("a value that overrides ours for one project is set right also where our sections are new", () => {
  const before = `${CONFIG}\n[remotes.production.functions.${NAME}]\nverify_jwt = true\n`;
  const { text, done } = withFunctions(before);
  assertEquals(done.filter((what) => what.startsWith("remotes")), [
    `remotes.production.functions.${NAME}.verify_jwt = false`,
  ]);
  assertEquals(read(text).functions[NAME], SECTIONS[NAME]);
  assertEquals(read(text).functions.hello.verify_jwt, true);
  assertEquals(withFunctions(text), { text, done: [] });
});

Deno.test("values that look like ours elsewhere are left alone: in texts, dates, numbers and lists", () => {
  const before =
    `note = """\n[functions.${NAME}]\nverify_jwt = true\n"""\nbig = 9007199254740993\nday = 2026-11-25\nnan = nan\n` +
    `[[list]]\nverify_jwt = true\n${OTHERS}[functions.${NAME}]\nverify_jwt = true\n`;
  const { text, done } = withFunctions(before);
  assertEquals(done, [`functions.${NAME}.verify_jwt = false`]);
  assertStringIncludes(text, `note = """\n[functions.${NAME}]\nverify_jwt = true\n"""`);
  assertStringIncludes(text, "[[list]]\nverify_jwt = true\n");
});

Deno.test("what is not TOML is refused with the line; a form that cannot be edited says what to write", () => {
  const broken = assertThrows(() => withFunctions('a = 1\n[functions\nb = "x"\n'), CommandError);
  assertMatch(broken.message, /^supabase\/config\.toml, line 2: .+ Correct it first; nothing was changed\.$/);
  assertFalse(broken.message.includes("\n"));
  for (const odd of ['functions = "x"\n', `[[functions]]\nname = "x"\n`]) {
    const refused = assertThrows(() => withFunctions(odd), CommandError);
    assertMatch(refused.message, /^supabase\/config\.toml: set `functions\.powersync-.+` yourself/);
  }
});
