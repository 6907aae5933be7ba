import { assert, assertEquals, assertMatch } from "@std/assert";
import { Invocation } from "../../scripts/cli/invocation.ts";
import { signWithFunctionsKey } from "../../scripts/keys/development-token.ts";
import { readEnvFile } from "../../scripts/setup/env-file.ts";
import {
  assertLooksGood,
  call,
  checkToken,
  claimsOf,
  getToken,
  signUp,
  tokenOf,
  withDevPage,
} from "../support/dev_page.ts";

const VERDICT = "#verdict-text";

Deno.test("from opening the page to a verified token, an expired and a refused one", async () => {
  await withDevPage(async ({ server, page, complaints }) => {
    await assertLooksGood(page, "signed-out");
    await call(page, "powersync-auth");
    await page.locator("#call").getByRole("alert").getByText("USER_TOKEN_MISSING").waitFor();
    assertEquals(await page.locator(VERDICT).innerText(), "No token: the call failed");
    assertMatch(complaints.splice(0).join(), /^Failed to load resource: [^,]* 401 [^,]*$/);
    assertEquals(await page.getByRole("button", { name: "Sign out" }).isVisible(), false);
    await assertLooksGood(page, "call-refused");

    await signUp(page);
    assertEquals(await page.locator("#call").getByText("USER_TOKEN_MISSING").isVisible(), false);
    assertEquals(await page.getByRole("button", { name: "Sign up" }).isVisible(), false);
    await getToken(page);
    await page.getByText("PowerSync accepts this token").waitFor();
    assertMatch(
      await page.locator("#expiry").innerText(),
      /^This token expires in \d+ min( \d+ s)? · \d+ \w+ \d{4}, \d\d:\d\d:\d\d UTC$/,
    );
    const claims = await claimsOf(page);
    assertEquals(claims.is_anonymous, false);
    assertEquals(await page.locator("#user-id").innerText(), claims.sub);
    assertEquals(await page.locator(".primary").count(), 1);
    const placeOf = async (name: string) => await page.locator(name).boundingBox() ?? { x: 0, y: 0 };
    const [shown, token] = [await placeOf("#claims"), await placeOf("#token")];
    // Beside the token, and first.
    assert(shown.x < token.x && Math.abs(shown.y - token.y) < 100, JSON.stringify([shown, token]));

    await page.getByText(/^\d+ rules passed$/).click();
    await page.locator("#passed-rules > li", { hasText: /^aud-accepted passed PSYNC_S2105/ }).waitFor();
    assertEquals(await page.locator("#open-rules > li").count(), 0);
    await assertLooksGood(page, "signed-in");

    const [head, body] = (await tokenOf(page)).split(".");
    await checkToken(page, `${head}.${body}.AAAA`);
    await page.getByText("PowerSync refuses this token: PSYNC_S2101").waitFor();
    await assertLooksGood(page, "token-refused");

    const envFile = `${server.folder}/supabase/functions/.env`;
    const expired = await signWithFunctionsKey({
      invocation: new Invocation(),
      variables: await readEnvFile(envFile) ?? {},
      envFile,
      claims: { sub: "ada" },
      audiences: ["http://localhost:8080"],
      lifetimeSeconds: 300,
      nowSeconds: Math.floor(Date.now() / 1000) - 3600,
    });
    await checkToken(page, expired.token);
    await page.getByText("PowerSync refuses this token: PSYNC_S2103").waitFor();
    const [first] = await page.locator("#open-rules > li").allInnerTexts();
    assertMatch(first ?? "", /^exp-not-passed failed PSYNC_S2103\n/);
    assertMatch(await page.locator("#expiry").innerText(), /^This token expired \d+ min( \d+ s)? ago · /);

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign up" }).waitFor();
    assertEquals(
      [
        await page.locator(VERDICT).innerText(),
        await tokenOf(page),
        await page.locator("#claims").innerText(),
      ],
      ["No token yet", "", ""],
    );
    await getToken(page);
    assertEquals((await claimsOf(page)).is_anonymous, true);
    assertEquals(complaints, []);
  });
});

Deno.test("no verdict stays for a token that was edited, and one runs out with the token", async () => {
  await withDevPage(async ({ page }) => {
    await page.clock.install();
    await getToken(page);
    await page.getByLabel("The token; paste any other to check it").press("End");
    await page.keyboard.type("A");
    assertEquals(await page.locator(VERDICT).innerText(), "Not checked yet");
    assertEquals(await page.locator("#claims > div").count(), 0);
    // Nor while the server has not answered for the other token.
    const held = Promise.withResolvers<void>();
    await page.route("**/dev/check", (route) => held.promise.then(() => route.continue()));
    await page.getByRole("button", { name: "Check this token" }).click();
    await page.locator("#claims > div").first().waitFor();
    assertEquals(await page.locator(VERDICT).innerText(), "Not checked yet");
    held.resolve();
    await page.locator("#verdict[data-outcome=refused]").waitFor();
    await getToken(page);
    // A selection stays while the times go on.
    await page.evaluate("globalThis.shown = [...document.querySelectorAll('#claims dd *')]");
    await page.clock.fastForward(5_000);
    await page.getByText(/^[5-9] s ago · /).waitFor();
    assertEquals(await page.evaluate("shown.every((element) => element.isConnected)"), true);
    // The page's clock passes the end of the token, so it asks the server again, whose clock has not.
    const asked = page.waitForRequest(/\/dev\/check$/);
    await page.clock.fastForward(301_000);
    await asked;
    // In the reader's zone and in UTC.
    assertMatch(
      await page.locator("#expiry").innerText(),
      /^This token expired \d+ s ago · .* CES?T \((\d+ \w+ \d{4}, )?\d\d:\d\d:\d\d UTC\)$/,
    );
  }, { timezoneId: "Europe/Berlin" });
});

Deno.test("while Auth does not answer a sign-out, the session is over and somebody else can sign up", async () => {
  await withDevPage(async ({ page }) => {
    await signUp(page);
    await page.route("**/auth/v1/logout", () => {});
    await page.getByRole("button", { name: "Sign out" }).click();
    await signUp(page, "grace@example.com");
    assertEquals(await page.locator("#user-name").innerText(), "grace@example.com");
  });
});

Deno.test("a button that is busy does nothing twice, keeps its size, and says what went wrong beside it", async () => {
  await withDevPage(async ({ page, complaints }) => {
    const released = Promise.withResolvers<void>();
    let calls = 0;
    await page.route("**/auth/v1/signup", async (route) => {
      calls += 1;
      await released.promise;
      await route.continue();
    });
    await page.getByLabel("Password").fill("short");
    const button = page.getByRole("button", { name: "Sign up" });
    const size = await button.boundingBox();
    await button.click();
    await page.locator("button[aria-busy=true]").waitFor();
    assertEquals(await button.boundingBox(), size);
    await button.click();
    await page.getByLabel("Password").press("Enter");
    await page.getByRole("button", { name: "Sign in anonymously" }).click();
    released.resolve();
    await page.locator("#caller-card").getByRole("alert").getByText("weak_password").waitFor();
    assertEquals([calls, await page.locator("button[aria-busy=true]").count()], [1, 0]);
    assertMatch(complaints.join(), /^Failed to load resource: [^,]* 422 [^,]*$/);
  });
});

Deno.test("what a token says is text, and a long one is not wider than the screen", async () => {
  await withDevPage(async ({ page, complaints }) => {
    await getToken(page);
    const claims = btoa(JSON.stringify({ sub: "<img src=x onerror=alert(1)>", iss: "x".repeat(300) }));
    await checkToken(page, `${btoa('{"alg":"RS256"}')}.${claims}.AAAA`);
    await page.getByText("PowerSync refuses this token").waitFor();
    assertMatch(await page.locator("#claims").innerText(), /<img src=x/);
    assertEquals(await page.locator("#claims img").count(), 0);
    await assertLooksGood(page, "long-claims");
    assertEquals(complaints, []);
  });
});

Deno.test("the buttons copy the token, the endpoint, a command that works elsewhere, and client_auth", async () => {
  await withDevPage(async ({ page }) => {
    await getToken(page);
    const copied = async (name: string, what: string) => {
      await page.getByRole("button", { name }).click();
      await page.getByText(`Copied: ${what}.`).waitFor();
      return `${await page.evaluate("navigator.clipboard.readText()")}`;
    };
    assertEquals(await copied("Copy token", "token"), await tokenOf(page));
    assertEquals(await copied("Copy endpoint", "endpoint"), "http://localhost:8080");
    assertMatch(await copied("Copy client_auth", "client_auth"), /^client_auth:\n {2}jwks_uri: "/);
    const curl = await copied("Copy as curl", "curl");
    const [, url = ""] = / (http\S+)$/.exec(curl) ?? [];
    const headers = [...curl.matchAll(/-H "([^:]+): ([^"]+)"/g)].map((
      [, name = "", value = ""],
    ) => [name, value]);
    const answer = await fetch(url, { headers: Object.fromEntries(headers) });
    assertMatch(await answer.text(), /"token":"/);
  }, { permissions: ["clipboard-read", "clipboard-write"] });
});

/** A script's function that names a control. */
const NAME = "(one) => one.id || one.textContent.trim() || one.value";

Deno.test("the keyboard reaches every control in order, each shows its focus, and Enter signs in and gets a token", async () => {
  await withDevPage(async ({ page }) => {
    await page.getByLabel("Password").fill("correct horse");
    await page.getByLabel("Password").press("Enter");
    // The next thing to do has the focus.
    await page.locator("#get-token:focus").waitFor();
    await page.keyboard.press("Enter");
    await page.locator("#verdict[data-outcome=accepted]").waitFor();

    const expected = await page.evaluate(`[...document.querySelectorAll(
        "a[href], button, input, select, textarea, summary, [tabindex='0']")]
        .filter((one) => one.checkVisibility()).map(${NAME})`);
    // From the top.
    await page.mouse.click(1, 1);
    const reached = [];
    for (;;) {
      await page.keyboard.press("Tab");
      const [name, outline] = await page.evaluate(`(() => {
          const one = document.activeElement;
          const { outlineStyle, outlineWidth } = getComputedStyle(one);
          return [one === document.body ? undefined : (${NAME})(one), outlineStyle + " " + outlineWidth];
        })()`) as [string | undefined, string];
      if (name === undefined) break;
      assertEquals([name, outline], [name, "solid 2px"]);
      reached.push(name);
      if (reached.length > 60) break;
    }
    assertEquals(reached, expected);
  });
});
