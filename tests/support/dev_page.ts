/** The development page in a browser, as a person uses it. */
import { assertEquals } from "@std/assert";
import axe from "npm:axe-core@4.14.1";
import type { Browser, BrowserContextOptions, Page } from "npm:playwright-core@1.65.1";
import { complaintsOf, withBrowser } from "./browser.ts";
import { type DevServer, withDevServer } from "./dev_server.ts";

const TOKEN_FIELD = "The token; paste any other to check it";

/** Screenshots are kept for a person to look at. The README's picture is the upper part of organization-1280-light. */
const SCREENSHOTS = Deno.env.get("TEST_SCREENSHOTS") ??
  await Deno.makeTempDir({ prefix: "page-screenshots-" });
console.log(`Screenshots: ${SCREENSHOTS}`);

/** The page, opened. */
export interface OpenPage {
  readonly page: Page;
  /** The errors of its console and scripts, as they come. */
  readonly complaints: string[];
}

/** Opens the page and waits until it shows what the server says. */
export async function openPage(
  browser: Browser,
  { origin }: { origin: string },
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  // A failure says what it waited for.
  page.setDefaultTimeout(20_000);
  const complaints = complaintsOf(page);
  await page.goto(`${origin}/`);
  await page.getByText("Functions ready").waitFor();
  return { page, complaints };
}

/** Starts `deno task dev` and opens its page. */
export async function withDevPage(
  test: (opened: OpenPage & { server: DevServer }) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  await withDevServer((server) =>
    withBrowser(async (browser) => await test({ server, ...await openPage(browser, server, options) }))
  );
}

/** The page as it is now: axe finds nothing, and nothing is wider than the screen, at two widths, light and dark. */
export async function assertLooksGood(page: Page, state: string): Promise<void> {
  const viewport = page.viewportSize() ?? { width: 1280, height: 720 };
  await page.evaluate(axe.source);
  for (const width of [1280, 390]) {
    for (const colorScheme of ["light", "dark"] as const) {
      const look = `${state}-${width}-${colorScheme}`;
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.screenshot({ path: `${SCREENSHOTS}/${look}.png`, fullPage: true });
      const findings = await page.evaluate(
        `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => id + " " + target + " " + failureSummary)))`,
      );
      const scrollWidth = await page.evaluate("document.documentElement.scrollWidth");
      assertEquals([look, findings, scrollWidth], [look, [], width]);
    }
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  await page.setViewportSize(viewport);
}

/** Signs a new user up. */
export async function signUp(page: Page, email = "ada@example.com"): Promise<void> {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill("correct horse");
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

/** Calls a function, the one that is chosen by default. */
export async function call(page: Page, name?: string): Promise<void> {
  if (name !== undefined) await page.getByLabel("Function to call").selectOption(name);
  await page.getByRole("button", { name: "Get token" }).click();
}

/** Gets a token that PowerSync accepts. */
export async function getToken(page: Page, name?: string): Promise<void> {
  await call(page, name);
  await page.locator("#verdict[data-outcome=accepted]").waitFor();
}

/** Puts a token into the field and has it checked. */
export async function checkToken(page: Page, token: string): Promise<void> {
  await page.getByLabel(TOKEN_FIELD).fill(token);
  await page.getByRole("button", { name: "Check this token" }).click();
}

/** The token in the field. */
export function tokenOf(page: Page): Promise<string> {
  return page.getByLabel(TOKEN_FIELD).inputValue();
}

/** The claims as they are shown, without marks and dates. */
export async function claimsOf(page: Page): Promise<Record<string, unknown>> {
  const rows = await page.locator("#claims > div:not([data-change=removed])").all();
  const claims = await Promise.all(rows.map(async (row) => {
    const name = await row.locator("dt > code").innerText();
    return [name, JSON.parse(await row.locator("dd > code").innerText())] as const;
  }));
  return Object.fromEntries(claims);
}
