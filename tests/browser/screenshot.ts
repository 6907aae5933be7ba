/**
 * Makes the README's picture of the page: `deno run --allow-all tests/browser/screenshot.ts`, then `pngquant --force --ext .png 64 .github/page.png`.
 * Not a test, because two machines draw text differently.
 */
import { fileURLToPath } from "node:url";
import { withBrowser } from "../support/browser.ts";
import { withDevServer } from "../support/dev_server.ts";

const PICTURE = fileURLToPath(new URL("../../.github/page.png", import.meta.url));

await withDevServer((server) =>
  withBrowser(async (browser) => {
    const page = await browser.newPage({ viewport: { width: 1100, height: 900 }, colorScheme: "light" });
    await page.goto(`${server.origin}/`);
    await page.getByText("signs new tokens").waitFor();
    await page.getByLabel("Password").fill("correct horse");
    await page.getByRole("button", { name: "Sign up" }).click();
    await page.getByText("Signed in as").waitFor();
    await page.getByRole("button", { name: "Call powersync-auth", exact: true }).click();
    await page.locator("#verdict", { hasText: /^Accepted$/ }).waitFor();
    await page.screenshot({ path: PICTURE, fullPage: true });
  })
);
