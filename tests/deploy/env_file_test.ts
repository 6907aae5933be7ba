/** The checks read a file as the real Supabase CLI does, or refuse it. */
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { encodeSecret, makeKeyPair } from "../../scripts/keys/key-pair.ts";
import { readEnvFile } from "../../scripts/setup/env-file.ts";
import { unwrap } from "../../supabase/functions/_shared/powersync/secret.ts";
import { startManagementApi } from "../support/management_api.ts";
import { inFolder } from "../support/run_script.ts";
import { link, supabaseCli } from "../support/supabase_cli.ts";

const { privateJwk } = await makeKeyPair("ES256");
const [JSON_LINE, JSON_LINES] = [JSON.stringify(privateJwk), JSON.stringify(privateJwk, null, 2)];
const KEY = encodeSecret(privateJwk);
const WRAPPED = KEY.replace(/.{64}/g, "$&\n");

const VALUES = [
  ...[KEY, `"${KEY}"`, `“${KEY}”`, `‘${KEY}’`, `${KEY} # mine`, `${KEY}#mine`, `"${KEY}\\n"`, `\t${KEY}\t`],
  ...[JSON_LINE, `'${JSON_LINE}'`, `"${JSON_LINE}"`, JSON.stringify(JSON_LINE), `\`${JSON_LINE}\``],
  ...[`'${JSON_LINES}'`, `\`${JSON_LINES}\``, `"${WRAPPED}"`, "", "''", `"it's # mine"`, `'a "b" $HOME'`],
  ...["https://$INSTANCE.example", "https://a.example#x", `${KEY}"`, "a = b", "„x“"],
];

Deno.test("what the CLI uploads from a file is what the checks read in it", async () => {
  await inFolder(async (folder) => {
    await using api = startManagementApi();
    const supabase = await supabaseCli(api, folder);
    await link(supabase, folder);
    const lines = VALUES.map((value, index) => `${index % 2 === 0 ? "" : "export "}NAME_${index}=${value}`);
    const text = `${lines.join("\n")}\n  INDENTED = x\nNAME_0=again\n`;
    const path = join(folder, "secrets.env");
    for (const form of [text, `\ufeff${text}`, text.replaceAll("\n", "\r\n")]) {
      await Deno.writeTextFile(path, form);
      await supabase(folder, "secrets", "set", "--env-file", path);
      const uploaded = [...api.secrets].map(([name, value]) => [name, unwrap(value, name)]);
      assertEquals(Object.fromEntries(uploaded), await readEnvFile(path));
    }
    assert(api.secrets.size > VALUES.length);
  });
});

Deno.test("a file that the checks refuse is one from which the CLI uploads something else, or nothing", async () => {
  await inFolder(async (folder) => {
    await using api = startManagementApi();
    const supabase = await supabaseCli(api, folder);
    await link(supabase, folder);
    const path = join(folder, "secrets.env");
    const written = [[WRAPPED, WRAPPED], [JSON_LINES, JSON_LINES], [`\n${KEY}`, KEY], [
      `"${KEY}`,
      KEY,
    ]] as const;
    for (const [index, [value, meant]] of written.entries()) {
      const name = `NAME_${index}`;
      await Deno.writeTextFile(path, `A=1\n${name}=${value}\n`);
      await assertRejects(() => readEnvFile(path));
      await supabase(folder, "secrets", "set", "--env-file", path);
      assertNotEquals(unwrap(api.secrets.get(name) ?? "", name), unwrap(meant, name));
    }
    await Deno.writeFile(
      path,
      new Uint8Array(Uint16Array.from("A=1\n", (unit) => unit.charCodeAt(0)).buffer),
    );
    await assertRejects(() => readEnvFile(path));
    await assertRejects(() => supabase(folder, "secrets", "set", "--env-file", path));
  });
});
