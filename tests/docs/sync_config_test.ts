/** The Sync Streams and Sync Rules of docs/claims.md, compiled and applied by PowerSync's own code, as in the service. */
import { assertEquals } from "@std/assert";
// @ts-types="./powersync_sync_rules.d.ts"
import {
  BaseJwtPayload,
  DEFAULT_HYDRATION_STATE,
  type HydratedSyncConfig,
  RequestParameters,
  SqlSyncRules,
} from "npm:@powersync/service-sync-rules@0.38.1";

import { blocksOf } from "../support/documents.ts";

/** What `claims.ts`, as it comes, says of each kind of caller. */
const CALLERS = {
  nobody: { sub: "anonymous", role: "anon", is_anonymous: true },
  guest: { sub: "guest", role: "authenticated", is_anonymous: true },
  member: { sub: "member", role: "authenticated", is_anonymous: false },
} as const;

/** The page's YAML blocks: two ways to say the same. */
function documentedConfigs(): [string, HydratedSyncConfig][] {
  return blocksOf("docs/claims.md").filter(({ language }) => language === "yaml").map(({ text: yaml }) => {
    const { config, errors } = SqlSyncRules.fromYaml(yaml, { defaultSchema: "public", throwOnError: false });
    assertEquals(errors.map(({ message }) => message), []);
    const hydrated = config.hydrate({ hydrationState: DEFAULT_HYDRATION_STATE, sqlite: null });
    return [yaml.split(":")[0] ?? "", hydrated];
  });
}

/** The buckets that a token gives, as `name["parameter"]`; Sync Streams put a version between. */
function bucketsOf(config: HydratedSyncConfig, claims: Record<string, unknown>): string[] {
  const { querier, errors } = config.getBucketParameterQuerier({
    globalParameters: new RequestParameters(new BaseJwtPayload(claims), {}),
    hasDefaultStreams: true,
    streams: {},
  });
  assertEquals([errors, querier.hasDynamicBuckets], [[], false]);
  return querier.staticBuckets.map(({ bucket }) => bucket.replace("|0", ""));
}

function bucketsOfRow(
  config: HydratedSyncConfig,
  name: string,
  record: Record<string, string | bigint>,
): string[] {
  const sourceTable = { connectionTag: "default", schema: "public", name };
  return config.evaluateRow({ sourceTable, record }).map(({ bucket }) => bucket.replace("|0", ""));
}

Deno.test("the documented Sync Streams and Sync Rules keep anonymous and signed-in data apart", () => {
  const configs = documentedConfigs();
  assertEquals(configs.map(([kind]) => kind), ["config", "bucket_definitions"]);
  for (const [kind, config] of configs) {
    assertEquals(bucketsOf(config, CALLERS.nobody), ["articles[]"], kind);
    assertEquals(bucketsOf(config, CALLERS.guest), ["articles[]", 'my_todos["guest"]'], kind);
    assertEquals(bucketsOf(config, CALLERS.member), ["articles[]", 'my_todos["member"]', "offers[]"], kind);

    assertEquals(bucketsOfRow(config, "articles", { id: "1", public: 1n }), ["articles[]"], kind);
    assertEquals(bucketsOfRow(config, "articles", { id: "2", public: 0n }), [], kind);
    assertEquals(bucketsOfRow(config, "todos", { id: "1", owner_id: "guest" }), ['my_todos["guest"]'], kind);
    assertEquals(bucketsOfRow(config, "offers", { id: "1" }), ["offers[]"], kind);
  }
});

Deno.test("the documented ways to read a claim are PowerSync's", () => {
  const claims = { ...CALLERS.member, parameters: { plan: "pro" } };
  const conditions = {
    "auth.user_id() = 'member'": "request.user_id() = 'member'",
    "auth.parameter('is_anonymous') = false": "request.jwt() ->> 'is_anonymous' = false",
    "auth.parameters() ->> '$.parameters.plan' = 'pro'": "token_parameters.plan = 'pro'",
  };
  for (const [stream, rule] of Object.entries(conditions)) {
    const yamls = [
      `config: {edition: 3}\nstreams:\n  all:\n    auto_subscribe: true\n    query: SELECT * FROM t WHERE ${stream}\n`,
      `bucket_definitions:\n  all:\n    parameters: SELECT WHERE ${rule}\n    data: [SELECT * FROM t]\n`,
    ];
    for (const yaml of yamls) {
      const { config } = SqlSyncRules.fromYaml(yaml, { defaultSchema: "public", throwOnError: true });
      const hydrated = config.hydrate({ hydrationState: DEFAULT_HYDRATION_STATE, sqlite: null });
      assertEquals(bucketsOf(hydrated, claims), ["all[]"], yaml);
      assertEquals(bucketsOf(hydrated, CALLERS.nobody), [], yaml);
    }
  }
});

Deno.test("legacy Sync Rules are an error under edition 3, as docs/claims.md says", () => {
  const rules = "bucket_definitions:\n  all:\n    data: [SELECT * FROM t]\n";
  const errorsOf = (yaml: string) =>
    SqlSyncRules.fromYaml(yaml, { defaultSchema: "public", throwOnError: false }).errors.length;
  assertEquals([errorsOf(rules), errorsOf(`config:\n  edition: 3\n${rules}`) > 0], [0, true]);
});
