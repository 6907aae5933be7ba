/**
 * Makes the README's picture of the page: `deno run --allow-all tests/browser/screenshot.ts`, then `pngquant --force --ext .png 48 .github/page.png`.
 * Not a test, because two machines draw text differently.
 */
import { fileURLToPath } from "node:url";
import { withBrowser } from "../support/browser.ts";
import { getToken, openPage, signUp } from "../support/dev_page.ts";
import { withDevServer } from "../support/dev_server.ts";

const PICTURE = fileURLToPath(new URL("../../.github/page.png", import.meta.url));
const RETURN = "return { sub: user.id, role: user.role, is_anonymous: user.isAnonymous };";

await withDevServer((server) =>
  withBrowser(async (browser) => {
    const { page } = await openPage(browser, server, {
      viewport: { width: 1100, height: 900 },
      colorScheme: "light",
    });
    await signUp(page);
    await getToken(page);
    await server.edit(
      "supabase/functions/_shared/powersync/claims.ts",
      (text) => text.replace(RETURN, RETURN.replace(" }", ', org_id: "acme" }')),
      /^Changed: the functions were loaded again/,
    );
    await getToken(page);
    await page.locator("[data-change=added]").waitFor();
    const { y, height } = await page.locator("#token-card").boundingBox() ?? { y: 0, height: 880 };
    await page.screenshot({
      path: PICTURE,
      clip: { x: 0, y: 0, width: 1100, height: y + height + 20 },
      fullPage: true,
    });
  })
);
