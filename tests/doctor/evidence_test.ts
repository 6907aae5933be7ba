import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import type { Check } from "../../scripts/doctor/check.ts";
import { redactCommand } from "../../scripts/doctor/redact.ts";
import { firstRoot, withRootCauses } from "../../scripts/doctor/root-cause.ts";
import { deployedKey, type Deployment, serviceError, withDeployment } from "../support/deployment.ts";
import { startIssuer } from "../support/issuer.ts";
import { captureLog } from "../support/log.ts";
import { base64, SECRET_KEY } from "../support/project.ts";
import { sign } from "../support/signing.ts";
import { causesOf, json, look, otherKey } from "./examination.ts";

/** A deployment's own file, with changes. */
const fileOf = ({ environment, powersync }: Deployment, changes: Record<string, string> = {}) => ({
  path: ".env.production",
  local: false,
  variables: {
    POWERSYNC_PRIVATE_KEY: environment.POWERSYNC_PRIVATE_KEY,
    POWERSYNC_URL: powersync,
    ...changes,
  },
});
const rootOf = (checks: readonly Check[]) => firstRoot(withRootCauses(checks));

Deno.test("the deployed function decides about a provider that the file does not name", async () => {
  await withDeployment(async (deployment) => {
    await using provider = await startIssuer("RS256");
    const providers = base64([{ issuer: provider.issuer, audience: "api" }]);
    const userToken = await provider.sign({ sub: "u", aud: "api" });
    await captureLog(async () => {
      const unknown = rootOf(await look(deployment, { userToken, file: fileOf(deployment) }));
      assertEquals([unknown?.id, unknown?.cause], ["user-token", "user-token-provider-not-in-file"]);
      assert(unknown?.change?.set?.POWERSYNC_IDENTITY_PROVIDERS);

      const uploaded = { file: fileOf(deployment, { POWERSYNC_IDENTITY_PROVIDERS: providers }), userToken };
      const root = rootOf(await look(deployment, uploaded));
      assertEquals([root?.id, root?.cause], ["powersync-auth", "settings-not-deployed"]);

      deployment.environment.POWERSYNC_IDENTITY_PROVIDERS = providers;
      assertEquals(causesOf(await look(deployment, { userToken, file: fileOf(deployment) })), []);
      const other = base64([{ issuer: provider.issuer, audience: "other" }]);
      const differs = await look(deployment, {
        file: fileOf(deployment, { POWERSYNC_IDENTITY_PROVIDERS: other }),
        userToken,
      });
      const warnings = differs.filter(({ status }) => status !== "passed");
      assertEquals(warnings.map(({ status, cause }) => [status, cause]), [[
        "warning",
        "user-token-audience",
      ]]);
    });
  });
});

Deno.test("an audience that the instance accepts is right, whatever the file says", async () => {
  await withDeployment(async (deployment) => {
    deployment.environment.POWERSYNC_AUDIENCE = "my-app";
    const { powersync } = deployment;
    deployment.service = () => new Response('{"checkpoint":{}}\n');
    assertEquals(causesOf(await look(deployment, { powersync })), []);
    deployment.service = () => serviceError("PSYNC_S2105");
    const root = rootOf(await look(deployment, { powersync, file: fileOf(deployment) }));
    assertEquals([root?.id, root?.cause], ["function-token", "audience-other"]);
  });
});

Deno.test("an instance is never given a secret, nor what is not a JWT", async () => {
  await withDeployment(async (deployment) => {
    const seen: (string | null)[] = [];
    deployment.service = ({ headers }) => {
      seen.push(headers.get("Authorization"));
      return new Response('{"checkpoint":{}}\n');
    };
    const legacy = await sign({ role: "service_role", ref: "abc" }, { key: otherKey });
    const { powersync } = deployment;
    for (const token of [SECRET_KEY, legacy, base64(otherKey.privateJwk), "k7zq3bwtw2xh"]) {
      const [asked] = await look(deployment, { token, powersync }).then(() => seen.splice(0));
      assert(asked != null && asked.startsWith("Token ey"));
      assertFalse(asked.includes(token));
    }
  });
});

Deno.test("white space in a token is a fault of its own, and the rest is still checked", async () => {
  await withDeployment(async (deployment) => {
    const now = Math.floor(Date.now() / 1000);
    const { powersync } = deployment;
    const good = await sign({ sub: "u", aud: powersync, iat: now, exp: now + 300 }, { key: deployedKey });
    const checks = await look(deployment, { token: `${good.slice(0, 50)} ${good.slice(50)}`, powersync });
    assertEquals(checks.filter(({ status }) => status === "failed").map(({ cause, code }) => [cause, code]), [
      ["token-header", "PSYNC_S2106"],
    ]);
    assertMatch(checks.find(({ id }) => id === "powersync")?.seen ?? "", /accepts the token that was given/);
  });
});

Deno.test("what was named and cannot be reached comes before what differs from it", async () => {
  await withDeployment(async (deployment) => {
    const file = fileOf(deployment, { POWERSYNC_URL: "https://x.powersync.journeyapps.com" });
    const root = rootOf(await look(deployment, { file, powersync: "http://127.0.0.1:1" }));
    assertEquals([root?.id, root?.cause], ["powersync", "no-connection"]);
    deployment.service = json({ ok: true });
    const strange = rootOf(await look(deployment, { file, powersync: deployment.powersync }));
    assertEquals(strange?.cause, "instance-not-a-service");
  });
});

Deno.test("a paused project comes first, because no secret can be uploaded to it", async () => {
  await withDeployment(async (deployment) => {
    for (const name of ["powersync-jwks", "powersync-auth", "powersync-auth-anonymous"]) {
      deployment.instead[name] = () => new Response(null, { status: 540 });
    }
    const file = fileOf(deployment, { POWERSYNC_URL: "https://your-instance.powersync.journeyapps.com" });
    const root = rootOf(await look(deployment, { file, powersync: deployment.powersync }));
    assertEquals(root?.cause, "project-paused");
  });
});

Deno.test("Supabase Auth's keys at the functions' own address are recognised", async () => {
  await withDeployment(async (deployment) => {
    const kid = "11111111-2222-4333-8444-555555555555";
    deployment.instead["powersync-jwks"] = json({
      keys: [{ ...otherKey.publicJwk, kid, key_ops: ["verify"] }],
    });
    assertEquals(rootOf(await look(deployment, { file: fileOf(deployment) }))?.cause, "jwks-of-auth");
  });
});

Deno.test("a function that signs with the file's key has the secrets, whatever the JWKS shows", async () => {
  await withDeployment(async (deployment) => {
    deployment.instead["powersync-jwks"] = json({ keys: [otherKey.publicJwk] });
    const root = rootOf(
      await look(deployment, { file: fileOf(deployment), powersync: deployment.powersync }),
    );
    assertEquals([root?.id, root?.cause], ["function-token", "jwks-behind"]);
  });
});

Deno.test("a user's token is as old as the servers' clock says, not this computer's", async () => {
  await withDeployment(async (deployment) => {
    const jwks = json({ keys: [deployedKey.publicJwk] });
    deployment.instead["powersync-jwks"] = () => {
      const response = jwks();
      response.headers.set("Date", new Date().toUTCString());
      return response;
    };
    const twoHoursAhead = () => Date.now() / 1000 + 7200;
    assertEquals(causesOf(await look(deployment, { now: twoHoursAhead })), ["clock-unknown"]);
  });
});

Deno.test("the project's own issuer leaves the list of providers, and no other does", async () => {
  await withDeployment(async (deployment) => {
    const own = { issuer: `${deployment.url}/auth/v1`, audience: "authenticated" };
    const other = { issuer: "https://a.example", audience: "api" };
    const changeOf = async (...entries: unknown[]) => {
      const file = fileOf(deployment, { POWERSYNC_IDENTITY_PROVIDERS: base64(entries) });
      return rootOf(await look(deployment, { file }))?.change;
    };
    assertEquals(await changeOf(own), { set: { POWERSYNC_IDENTITY_PROVIDERS: "[]" } });
    assertEquals(await changeOf(own, other), {
      set: { POWERSYNC_IDENTITY_PROVIDERS: JSON.stringify([other]) },
    });
  });
});

Deno.test("a redirect of an instance names the URL to set", async () => {
  await withDeployment(async (deployment) => {
    deployment.service = () => Response.redirect("https://new.example/sync/stream", 308);
    const checks = await look(deployment, { powersync: deployment.powersync });
    const { change, seen } = checks.find(({ cause }) => cause === "instance-redirect") ?? {};
    assertEquals(change, { set: { POWERSYNC_URL: "https://new.example" } });
    assertMatch(seen ?? "", /HTTP 308: it redirects to https:\/\/new\.example/);
  });
});

Deno.test("a command keeps its values, and no secret", () => {
  const value = base64([{ issuer: "https://a.example/", audience: "x".repeat(60) }, {
    issuer: "i",
    audience: "a",
  }]);
  const command = `edit-secrets -- POWERSYNC_IDENTITY_PROVIDERS=${value}`;
  assertEquals(redactCommand(command), command);
  assertEquals(redactCommand("x https://user:p@ss@host/a@b"), "x https://[hidden]@host/a@b");
  assertFalse(redactCommand(`x ${SECRET_KEY} eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln`).includes("c2ln"));
});
