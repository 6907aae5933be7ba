import { assertEquals } from "@std/assert";
import { withBrowser } from "../support/browser.ts";
import { exampleNamed, putInPlace } from "../support/claims_examples.ts";
import {
  assertLooksGood,
  call,
  claimsOf,
  getToken,
  openPage,
  signUp,
  withDevPage,
} from "../support/dev_page.ts";
import { withDevServer } from "../support/dev_server.ts";
import { serve } from "../support/serving.ts";

Deno.test("the organisation example is refused, and succeeds after app_metadata is set and the session refreshed", async () => {
  await withDevPage(async ({ server, page }) => {
    await signUp(page);
    await getToken(page);
    await putInPlace(exampleNamed("README.md", "organization"), server.folder);
    await page.getByText("Made by older code").waitFor();

    await call(page);
    const refused = page.locator("#call").getByRole("alert");
    await refused.getByText("You do not belong to an organization yet.").waitFor();
    assertEquals(await page.locator("#verdict-text").innerText(), "No token: the call failed");

    const editor = page.getByRole("textbox", { name: "app_metadata" });
    await editor.fill('{ "org_id": "acme", "provider": "email" }');
    await page.getByRole("button", { name: "Save metadata" }).click();
    const saved = page.getByText("Saved. Refresh the session, as your app does, to see it.");
    await saved.waitFor();
    // Auth merges: what is no longer in the editor was removed on purpose.
    assertEquals(JSON.parse(await editor.inputValue()), { provider: "email", org_id: "acme" });

    await page.getByRole("button", { name: "Refresh session" }).click();
    await saved.waitFor({ state: "hidden" });
    await getToken(page);
    assertEquals((await claimsOf(page)).org_id, "acme");
    await page.locator("#claims > div[data-change=added]", { hasText: "org_id" }).waitFor();
    assertEquals(await page.locator("#changes").innerText(), "Compared with the token before: 1 added.");
    assertEquals(await refused.first().isVisible(), false);
    assertEquals(await page.locator("#older").isVisible(), false);
    await assertLooksGood(page, "organization");
  }, { timezoneId: "Europe/Berlin" });
});

Deno.test("metadata that is not a JSON object is not sent, and the editor says why", async () => {
  await withDevPage(async ({ page }) => {
    await signUp(page);
    let changes = 0;
    page.on("request", (request) => changes += request.method() === "PUT" ? 1 : 0);
    const editor = page.getByRole("textbox", { name: "user_metadata" });
    for (const [text, fault] of [["{", /^This is not JSON: /], ["[1]", /must be a JSON object/]] as const) {
      await editor.fill(text);
      await page.getByRole("button", { name: "Save metadata" }).click();
      await page.locator("#user_metadata-error").getByText(fault).waitFor();
      assertEquals(await page.locator("textarea:invalid").getAttribute("id"), "user_metadata");
    }
    assertEquals(changes, 0);
    await assertLooksGood(page, "metadata-invalid");
    await editor.fill('{"theme":"dark"}');
    await page.getByRole("button", { name: "Save metadata" }).click();
    await page.getByText("Saved.").waitFor();
    assertEquals(changes, 1);
  });
});

Deno.test("a user is banned and unbanned, and a deleted one is signed out by the next refresh", async () => {
  await withDevPage(async ({ page }) => {
    const refresh = page.getByRole("button", { name: "Refresh session" });
    const refusal = page.locator("#caller-card").getByRole("alert");
    await signUp(page);
    await page.getByRole("button", { name: "Ban for 24 hours" }).click();
    await page.getByText(/^Banned until \d+ \w+ \d{4}, \d\d:\d\d:\d\d UTC\.$/).waitFor();
    await assertLooksGood(page, "banned");
    await refresh.click();
    await refusal.getByText("user_banned").waitFor();
    assertEquals(await page.getByRole("button", { name: "Sign out" }).isVisible(), false);

    await page.getByLabel("Password").fill("correct horse");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await refusal.getByText("user_banned").waitFor();
    await page.getByRole("button", { name: "End ban" }).click();
    await page.getByText("The ban has ended. It shows at the user's next refresh.").waitFor();
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("button", { name: "Sign out" }).waitFor();

    await getToken(page);
    await page.getByRole("button", { name: "Delete user" }).click();
    await page.getByText("ada@example.com was deleted. Refresh the session, as your app does, to see it.")
      .waitFor();
    assertEquals(await page.getByText("No users yet").isVisible(), true);
    await refresh.click();
    await refusal.getByText("refresh_token_not_found").waitFor();
    assertEquals(await page.getByRole("button", { name: "Sign up" }).isVisible(), true);
    assertEquals(await page.locator("#verdict-text").innerText(), "No token yet");
  });
});

Deno.test("with a project of your own there are no users to administrate, and Enter signs in", async () => {
  const asked: string[] = [];
  await using auth = serve(({ method, url }) => {
    if (method !== "OPTIONS") asked.push(url.slice(new URL(url).origin.length));
    return Response.json({ code: 400, error_code: "invalid_credentials", msg: "Invalid login credentials" }, {
      status: method === "OPTIONS" ? 200 : 400,
      headers: { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*" },
    });
  });
  await withDevServer((server) =>
    withBrowser(async (browser) => {
      const { page } = await openPage(browser, server);
      assertEquals(await page.getByText("Development users").isVisible(), false);
      assertEquals(await page.getByLabel("E-mail").inputValue(), "");
      await page.getByLabel("E-mail").fill("ada@example.com");
      await page.getByLabel("Password").fill("correct horse");
      await page.getByLabel("Password").press("Enter");
      await page.locator("#caller-card").getByRole("alert").getByText("Invalid login credentials").waitFor();
      assertEquals(asked, ["/auth/v1/token?grant_type=password"]);
      const state = await (await fetch(`${server.origin}/dev/state.json`)).json();
      assertEquals([state.isDevelopmentAuth, state.secretKey], [false, undefined]);
    }), { env: { SUPABASE_URL: auth.url, SUPABASE_PUBLISHABLE_KEY: "sb_publishable_test" } });
});
