import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { withBrowser } from "../support/browser.ts";
import { getToken, openPage, signUp, tokenOf, withDevPage } from "../support/dev_page.ts";
import { DevServer, inProject } from "../support/dev_server.ts";

const ENV_FILE = "supabase/functions/.env";

Deno.test("a broken .env is shown with what fixes it here, and goes when it is mended, without a reload", async () => {
  await withDevPage(async ({ server, page }) => {
    await getToken(page);
    const before = await Deno.readTextFile(`${server.folder}/${ENV_FILE}`);
    const alerts = page.locator("#alerts");
    await server.edit(
      ENV_FILE,
      (text) => text.replace(/^(POWERSYNC_PRIVATE_KEY)=.*$/m, "$1=e30"),
      /PRIVATE_KEY/,
    );
    await alerts.getByText("The .env file is broken").waitFor();
    assertMatch(
      await alerts.innerText(),
      /POWERSYNC_PRIVATE_KEY[^]*Correct that line in supabase\/functions\/\.env/,
    );

    await Deno.writeTextFile(`${server.folder}/${ENV_FILE}`, `"broken\n${before}`);
    await alerts.getByText(/\.env, line 1: neither/).waitFor();
    await page.getByText("No verdict: the check failed").waitFor();

    await Deno.writeTextFile(`${server.folder}/${ENV_FILE}`, before);
    await page.locator("#verdict[data-outcome=accepted]").waitFor();
    assertEquals(await alerts.innerText(), "");

    // The audience of the token is no longer PowerSync's: the verdict follows.
    await Deno.writeTextFile(`${server.folder}/${ENV_FILE}`, before.replace("8080", "8081"));
    await page.getByText("PowerSync refuses this token: PSYNC_S2105").waitFor();
    await page.getByText("Made by older code").waitFor();
  });
});

Deno.test("a token that is on its way while the code changes is shown, and marked as made by older code", async () => {
  await withDevPage(async ({ server, page }) => {
    await getToken(page);
    const first = await tokenOf(page);
    const [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await page.route("**/functions/v1/*", async (route) => {
      asked.resolve();
      await released.promise;
      await route.continue();
    });
    await page.getByRole("button", { name: "Get token", exact: true }).click();
    await asked.promise;
    await server.editClaims("anonymousClaims", 'if (1) return { sub: "anonymous", plan: "new" };');
    await page.getByText("Made by older code").waitFor();
    released.resolve();
    await page.locator("[data-change=added]", { hasText: "plan" }).waitFor();
    assertNotEquals(await tokenOf(page), first);
    await page.getByText("Made by older code").waitFor();
    await getToken(page);
    await page.getByText("Made by older code").waitFor({ state: "hidden" });
  });
});

Deno.test("a server that has ended is noticed, and when it is back the page goes on without a reload", async () => {
  await inProject((folder) =>
    withBrowser(async (browser) => {
      const first = await DevServer.start(folder, {});
      const { page } = await openPage(browser, first);
      await signUp(page);
      await getToken(page);
      await first.end();
      const alerts = page.locator("#alerts");
      await alerts.getByText("The server does not answer").waitFor();
      assertMatch(await alerts.innerText(), /Start it again: deno task dev -- --port \d+\./);
      assertEquals(await page.locator("#verdict-text").innerText(), "No verdict: the server does not answer");
      await page.getByRole("button", { name: "Get token", exact: true }).click();
      await page.locator("#call").getByText(`${first.origin} does not answer.`).waitFor();

      await using second = await DevServer.start(folder, { args: ["--port", new URL(first.origin).port] });
      assertEquals(second.origin, first.origin);
      await page.getByText("Functions ready").waitFor();
      await page.getByText("The server was started again, and its users are gone: sign up again.").waitFor();
      assertEquals(await alerts.innerText(), "");
      await getToken(page);
    })
  );
});
