import { assertEquals, assertMatch } from "@std/assert";
import { withDevPage } from "../support/dev_page.ts";
import { CLAIMS_FOLDER } from "../support/own_claims.ts";

const CLAIMS = `${CLAIMS_FOLDER}/claims.ts`;

Deno.test("why claims.ts cannot be loaded, or what it threw, is on the page until it is corrected", async () => {
  await withDevPage(async ({ server, page }) => {
    const original = await Deno.readTextFile(`${server.folder}/${CLAIMS}`);
    const alerts = page.locator("#alerts");
    await server.edit(CLAIMS, () => `const broken = ;\n${original}`, /^The functions cannot be loaded: /);
    await alerts.getByText("The functions cannot be loaded").waitFor();
    assertMatch(await alerts.innerText(), /_shared\/powersync\/claims\.ts, line 1\.[^]*Expression expected/);
    await page.getByRole("button", { name: "Get token", exact: true }).click();
    await page.locator("#call").getByText(/BOOT_ERROR/).waitFor();

    await server.edit(CLAIMS, () => original, /^Changed: /);
    await alerts.getByText("The functions cannot be loaded").waitFor({ state: "detached" });
    await server.editClaims("anonymousClaims", 'throw new Error("no such table");');
    await page.getByRole("button", { name: "Get token", exact: true }).click();
    await page.getByText(/Error: no such table\s+at anonymousClaims/).waitFor();
    assertEquals(await alerts.innerText(), "");
  });
});
