/**
 * How the page looks in each of its states, at two widths, light and dark: axe finds nothing, nothing is wider than the
 * screen, and a screenshot of each is kept for a person to look at (in the folder that TEST_SCREENSHOTS names).
 */
import { assertEquals } from "@std/assert";
import axe from "npm:axe-core@4.14.1";
import type { Page } from "npm:playwright-core@1.65.1";
import { withBrowser } from "../support/browser.ts";
import { checkToken, getToken, openPage, signUp, tokenOf } from "../support/dev_page.ts";
import { type DevServer, withDevServer } from "../support/dev_server.ts";

const CLAIMS = "supabase/functions/_shared/powersync/claims.ts";
const ENV_FILE = "supabase/functions/.env";
const RETURN = "return { sub: user.id, role: user.role, is_anonymous: user.isAnonymous };";
const LOADED = /^Changed: the functions were loaded again/;

const LOOKS = ([[1280, "light"], [1280, "dark"], [390, "light"], [390, "dark"]] as const)
  .map(([width, colorScheme]) => ({ viewport: { width, height: 900 }, colorScheme }));

/** What a person sees one after the other. `change` is done once, `show` on each page. */
interface State {
  readonly name: string;
  readonly change?: (server: DevServer) => Promise<unknown>;
  readonly show: (page: Page, look: string) => Promise<unknown>;
}

const STATES: readonly State[] = [
  { name: "signed-out", show: (page) => page.getByText("No token yet").waitFor() },
  {
    name: "call-refused",
    async show(page) {
      await page.getByText("powersync-auth", { exact: true }).last().click();
      await page.getByRole("button", { name: "Get token", exact: true }).click();
      await page.getByText("USER_TOKEN_MISSING").waitFor();
    },
  },
  {
    name: "signed-in",
    async show(page, look) {
      await signUp(page, `${look}@example.com`);
      await getToken(page);
      await page.getByText(/^\d+ rules passed$/).click();
    },
  },
  {
    name: "token-refused",
    async show(page) {
      const [head, body] = (await tokenOf(page)).split(".");
      await checkToken(page, `${head}.${body}.AAAA`);
      await page.locator("#verdict[data-outcome=refused]").waitFor();
      await page.getByText(/^\d+ rules passed$/).click();
    },
  },
  {
    name: "claims-changed",
    change: (server) =>
      server.edit(CLAIMS, (text) => text.replace(RETURN, 'return { sub: user.id, plan: "team" };'), LOADED),
    async show(page) {
      await getToken(page);
      await page.locator("[data-change=added]").waitFor();
      await page.locator("[data-change=removed]").first().waitFor();
    },
  },
  {
    name: "metadata-invalid-and-banned",
    async show(page) {
      await page.getByRole("button", { name: "Ban for 24 hours" }).click();
      await page.getByText("Banned. It shows in the next refreshed token.").waitFor();
      await page.getByRole("textbox", { name: "app_metadata" }).fill("{");
      await page.getByText("This is not JSON").waitFor();
    },
  },
  {
    name: "exception",
    change: (server) => server.editClaims("signedInClaims", 'throw new TypeError("No organisation.");'),
    async show(page) {
      await page.getByRole("button", { name: "Get token", exact: true }).click();
      await page.locator("#call-error").getByText("TypeError: No organisation.").waitFor();
    },
  },
  {
    name: "load-problem",
    change: (server) => server.edit(CLAIMS, (text) => `const broken = ;\n${text}`, /cannot be loaded/),
    show: (page) => page.getByText("The functions cannot be loaded").waitFor(),
  },
  {
    name: "env-broken",
    change: ({ folder }) => Deno.writeTextFile(`${folder}/${ENV_FILE}`, "POWERSYNC_URL http://localhost\n"),
    show: (page) => page.getByText("The .env file is broken").waitFor(),
  },
  {
    name: "server-ended",
    change: (server) => server.end(),
    show: (page) => page.getByRole("heading", { name: "The server does not answer" }).waitFor(),
  },
];

/** A script's function that names a control. */
const NAME = "(one) => one.id || one.textContent.trim() || one.value";

/** What axe finds, as a line each. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return await page.evaluate(`axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => id + " " + target + " " + failureSummary)))`);
}

Deno.test("in each state axe finds nothing and nothing is wider than the screen, at 390 and 1280 pixels, light and dark", async (t) => {
  const folder = Deno.env.get("TEST_SCREENSHOTS") ?? await Deno.makeTempDir({ prefix: "page-screenshots-" });
  await Deno.mkdir(folder, { recursive: true });
  await withDevServer((server) =>
    withBrowser(async (browser) => {
      const opened = await Promise.all(LOOKS.map(async (look) => ({
        look: `${look.viewport.width}-${look.colorScheme}`,
        width: look.viewport.width,
        ...await openPage(browser, server, { ...look, timezoneId: "Europe/Berlin", reducedMotion: "reduce" }),
      })));
      for (const { name, change, show } of STATES) {
        await t.step(name, async () => {
          await change?.(server);
          const seen = [];
          for (const { page, look, width } of opened) {
            await show(page, look);
            await page.screenshot({ path: `${folder}/${name}-${look}.png`, fullPage: true });
            const isWider = await page.evaluate("document.documentElement.scrollWidth") !== width;
            seen.push(...await findings(page), ...isWider ? ["wider than the screen"] : []);
          }
          assertEquals(seen, []);
        });
      }
    })
  );
  console.log(`Screenshots: ${folder}`);
});

Deno.test("the keyboard reaches every control in order, each shows its focus, and Enter signs in and gets a token", async () => {
  await withDevServer((server) =>
    withBrowser(async (browser) => {
      const { page } = await openPage(browser, server);
      await page.getByLabel("Password").fill("correct horse");
      await page.getByLabel("Password").press("Enter");
      // The next thing to do has the focus.
      await page.locator("#get-token:focus").waitFor();
      await page.keyboard.press("Enter");
      await page.locator("#verdict[data-outcome=accepted]").waitFor();

      const expected = await page.evaluate(`[...document.querySelectorAll(
        "a[href], button, input:not([type=radio]), input:checked, select, textarea, summary, [tabindex='0']")]
        .filter((one) => one.checkVisibility()).map(${NAME})`);
      // From the top.
      await page.mouse.click(1, 1);
      const reached = [];
      for (;;) {
        await page.keyboard.press("Tab");
        const [name, outline] = await page.evaluate(`(() => {
          const one = document.activeElement;
          const shown = one.type === "radio" ? one.closest("label") : one;
          return [one === document.body ? undefined : (${NAME})(one),
            getComputedStyle(shown).outlineStyle + " " + getComputedStyle(shown).outlineWidth];
        })()`) as [string | undefined, string];
        if (name === undefined) break;
        assertEquals([name, outline], [name, "solid 2px"]);
        reached.push(name);
        if (reached.length > 60) break;
      }
      assertEquals(reached, expected);
    })
  );
});
