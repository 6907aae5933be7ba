import { assertEquals, assertMatch } from "@std/assert";
import { readEnvFile } from "../../scripts/setup/env-file.ts";
import { Invocation } from "../../scripts/cli/invocation.ts";
import { signWithFunctionsKey } from "../../scripts/keys/development-token.ts";
import { complaintsOf, withBrowser } from "../support/browser.ts";
import { withDevServer } from "../support/dev_server.ts";

Deno.test("from opening the page to a verified token, an expired and a refused one", async () => {
  await withDevServer((server) =>
    withBrowser(async (browser) => {
      const page = await browser.newPage();
      const complaints = complaintsOf(page);
      await page.goto(`${server.origin}/`);
      await page.getByText("signs new tokens").waitFor();

      await page.getByRole("button", { name: "Call powersync-auth", exact: true }).click();
      await page.getByRole("alert").getByText("USER_TOKEN_MISSING").waitFor();
      assertMatch(complaints.splice(0).join(), /^Failed to load resource: [^,]* 401 [^,]*$/);

      await page.getByLabel("Password").fill("correct horse");
      await page.getByRole("button", { name: "Sign up" }).click();
      await page.getByText("Signed in as ada@example.com").waitFor();
      await page.getByRole("button", { name: "Call powersync-auth", exact: true }).click();
      await page.locator("#verdict", { hasText: /^Accepted$/ }).waitFor();
      assertEquals(await page.getByRole("alert").isVisible(), false);
      assertMatch(await page.locator("#expiry").innerText(), /^Expires in \d+ min \d+ s\.$/);
      assertMatch(await page.locator("#count").innerText(), /^Rules: \d+ passed\. /);
      await page.getByRole("listitem").getByText("aud-accepted · passed · PSYNC_S2105").waitFor();
      const claims = JSON.parse(await page.locator("#claims").innerText());
      assertEquals(claims.is_anonymous, false);
      assertMatch(await page.locator("#caller").innerText(), new RegExp(`user id ${claims.sub}\\.`));

      const token = page.getByLabel("The token; paste any other to check it");
      const judge = page.getByRole("button", { name: "Check this token" });
      const [head, body] = (await token.inputValue()).split(".");
      await token.fill(`${head}.${body}.AAAA`);
      await judge.click();
      await page.locator("#verdict", { hasText: "Refused: PSYNC_S2101" }).waitFor();

      const hourAgo = Math.floor(Date.now() / 1000) - 3600;
      const envFile = `${server.folder}/supabase/functions/.env`;
      const expired = await signWithFunctionsKey({
        variables: await readEnvFile(envFile) ?? {},
        invocation: new Invocation(),
        envFile,
        claims: { sub: "ada" },
        audiences: ["http://localhost:8080"],
        lifetimeSeconds: 300,
        nowSeconds: hourAgo,
      });
      await token.fill(expired.token);
      await judge.click();
      await page.locator("#verdict", { hasText: "Refused: PSYNC_S2103" }).waitFor();
      const [first] = await page.locator("#rules li").allInnerTexts();
      assertMatch(first ?? "", /^exp-not-passed · failed · PSYNC_S2103\n/);
      assertMatch(await page.locator("#expiry").innerText(), /^Expired \d+ min \d+ s ago\.$/);

      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByText("Not signed in.").waitFor();
      await page.getByRole("button", { name: "Call powersync-auth-anonymous" }).click();
      await page.locator("#verdict", { hasText: /^Accepted$/ }).waitFor();
      assertEquals(JSON.parse(await page.locator("#claims").innerText()).is_anonymous, true);
      assertEquals(complaints, []);
    })
  );
});

Deno.test("what a token says is text, and on a phone nothing is wider than the screen", async () => {
  await withDevServer((server) =>
    withBrowser(async (browser) => {
      const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
      const complaints = complaintsOf(page);
      await page.goto(`${server.origin}/`);
      await page.getByText("signs new tokens").waitFor();
      await page.getByRole("button", { name: "Call powersync-auth-anonymous" }).click();
      await page.locator("#verdict", { hasText: /^Accepted$/ }).waitFor();
      const claims = btoa(JSON.stringify({ sub: "<img src=x onerror=alert(1)>", iss: "x".repeat(300) }));
      await page.getByLabel("The token; paste any other to check it").fill(
        `${btoa('{"alg":"RS256"}')}.${claims}.AAAA`,
      );
      await page.getByRole("button", { name: "Check this token" }).click();
      await page.locator("#verdict", { hasText: "Refused" }).waitFor();
      assertMatch(await page.locator("#claims").innerText(), /<img src=x/);
      assertEquals(await page.locator("img").count(), 0);
      assertEquals(await page.evaluate("document.documentElement.scrollWidth"), 390);
      assertEquals(complaints, []);
    })
  );
});

Deno.test("the buttons copy the token, the endpoint, a command that works elsewhere, and client_auth", async () => {
  await withDevServer((server) =>
    withBrowser(async (browser) => {
      const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
      const page = await context.newPage();
      await page.goto(`${server.origin}/`);
      await page.getByText("signs new tokens").waitFor();
      await page.getByRole("button", { name: "Call powersync-auth-anonymous" }).click();
      await page.locator("#verdict", { hasText: /^Accepted$/ }).waitFor();
      const copied = async (name: string, what: string) => {
        await page.getByRole("button", { name }).click();
        await page.getByText(`Copied: ${what}.`).waitFor();
        return `${await page.evaluate("navigator.clipboard.readText()")}`;
      };
      const token = await page.getByLabel("The token; paste any other to check it").inputValue();
      assertEquals(await copied("Copy token", "token"), token);
      assertEquals(await copied("Copy endpoint", "endpoint"), "http://localhost:8080");
      assertMatch(await copied("Copy client_auth", "client-auth"), /^client_auth:\n {2}jwks_uri: "/);
      const curl = await copied("Copy as curl", "curl");
      const [, url = ""] = / (http\S+)$/.exec(curl) ?? [];
      const headers = [...curl.matchAll(/-H "([^:]+): ([^"]+)"/g)].map((
        [, name = "", value = ""],
      ) => [name, value]);
      const answer = await fetch(url, { headers: Object.fromEntries(headers) });
      assertMatch(await answer.text(), /"token":"/);
    })
  );
});
