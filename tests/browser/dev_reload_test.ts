import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { withBrowser } from "../support/browser.ts";
import {
  assertLooksGood,
  call,
  getToken,
  openPage,
  signUp,
  tokenOf,
  withDevPage,
} from "../support/dev_page.ts";
import { DevServer, inProject } from "../support/dev_server.ts";

const CLAIMS = "supabase/functions/_shared/powersync/claims.ts";
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
    await assertLooksGood(page, "env-broken");

    await Deno.writeTextFile(`${server.folder}/${ENV_FILE}`, before);
    await page.locator("#verdict[data-outcome=accepted]").waitFor();
    assertEquals(await alerts.innerText(), "");

    // The audience of the token is no longer PowerSync's: the verdict follows.
    await Deno.writeTextFile(`${server.folder}/${ENV_FILE}`, before.replace("8080", "8081"));
    await page.getByText("PowerSync refuses this token: PSYNC_S2105").waitFor();
    await page.getByText("Made by older code").waitFor();
  });
});

Deno.test("why the functions cannot be loaded stands above everything, with file and line, until it is mended", async () => {
  await withDevPage(async ({ server, page }) => {
    await getToken(page);
    const mended = await Deno.readTextFile(`${server.folder}/${CLAIMS}`);
    const alert = page.locator("main > :first-child", { hasText: "The functions cannot be loaded" });
    for (
      const [broken, text] of [
        ["const broken = ;", /const broken = ;/],
        ['import "./gone.ts";', /gone\.ts/],
      ] as const
    ) {
      await Deno.writeTextFile(`${server.folder}/${CLAIMS}`, `\n\n${broken}\n${mended}`);
      await alert.getByText(text).waitFor();
      assertMatch(await alert.innerText(), new RegExp(`${CLAIMS}, line 3\\.`));
      await page.getByText("Functions not loaded").waitFor();
      await call(page);
      await page.locator("#call").getByText("BOOT_ERROR").waitFor();
      await assertLooksGood(page, "load-problem");
      await Deno.writeTextFile(`${server.folder}/${CLAIMS}`, mended);
      await page.getByText("Functions ready").waitFor();
      assertEquals(await page.locator("#alerts").innerText(), "");
      assertEquals(await page.locator("#call").getByText("BOOT_ERROR").isVisible(), false);
    }
    await getToken(page);
  });
});

Deno.test("an exception in claims.ts is shown with its stack beside the call, until it is mended", async () => {
  await withDevPage(async ({ server, page }) => {
    const exception = page.locator("#call-error pre");
    await server.editClaims("anonymousClaims", 'throw new TypeError("No organisation.");');
    await call(page);
    await exception.getByText("TypeError: No organisation.").waitFor();
    assertMatch(await exception.innerText(), new RegExp(`at anonymousClaims \\(.*${CLAIMS}:\\d+`));
    await page.locator("#call").getByText("CLAIMS_FAILED").waitFor();
    await assertLooksGood(page, "exception");

    // Another function's refusal is not its fault.
    await call(page, "powersync-auth");
    await page.locator("#call").getByText("USER_TOKEN_MISSING").waitFor();
    assertEquals(await exception.count(), 0);

    await server.edit(CLAIMS, (text) => text.replace(/ {2}throw new TypeError.*\n/, ""), /^Changed: /);
    await page.locator("#call").getByText("USER_TOKEN_MISSING").waitFor({ state: "hidden" });
    await getToken(page, "powersync-auth-anonymous");
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
    await call(page);
    await asked.promise;
    await server.editClaims("anonymousClaims", 'if (1) return { sub: "anonymous", plan: "new" };');
    await page.getByText("Made by older code").waitFor();
    released.resolve();
    await page.locator("[data-change=added]", { hasText: "plan" }).waitFor();
    await page.locator("[data-change=removed]").first().waitFor();
    await assertLooksGood(page, "claims-changed");
    assertNotEquals(await tokenOf(page), first);
    await page.getByText("Made by older code").waitFor();
    await getToken(page);
    await page.getByText("Made by older code").waitFor({ state: "hidden" });
  });
});

Deno.test("an error of code that was still being loaded when it was asked does not count as older", async () => {
  await withDevPage(async ({ server, page }) => {
    // The state as it is during a load, which is too short to be met by chance.
    const [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await page.route("**/dev/state.json", async (route) => {
      const response = await route.fetch();
      const state = await response.json();
      if (state.functions.generation > 1) return await route.fulfill({ response });
      asked.resolve();
      await released.promise;
      await route.fulfill({
        response,
        json: { ...state, functions: { ...state.functions, state: "loading" } },
      });
    });
    await call(page);
    await asked.promise;
    await server.editClaims("anonymousClaims", 'throw new TypeError("Of the new code.");');
    released.resolve();
    await page.locator("#call-error").getByText("Of the new code.").waitFor();
    await page.locator("#call").getByText("CLAIMS_FAILED").waitFor();
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
      assertMatch(await alerts.innerText(), /Start it again: (deno|npx -y deno@2) task dev -- --port \d+\./);
      assertEquals(await page.locator("#verdict-text").innerText(), "No verdict: the server does not answer");
      await call(page);
      await page.locator("#call").getByText(`${first.origin} does not answer.`).waitFor();
      await assertLooksGood(page, "server-ended");

      await using second = await DevServer.start(folder, { args: ["--port", new URL(first.origin).port] });
      assertEquals(second.origin, first.origin);
      await page.getByText("Functions ready").waitFor();
      await page.getByText("The server was started again, and its users are gone: sign up again.").waitFor();
      assertEquals(await alerts.innerText(), "");
      await getToken(page);
    })
  );
});
