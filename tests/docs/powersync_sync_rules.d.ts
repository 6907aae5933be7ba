/** What the tests use of `@powersync/service-sync-rules`, whose own types bring those of an old Node along. */

export interface Bucket {
  readonly bucket: string;
}

export class HydratedSyncConfig {
  getBucketParameterQuerier(options: {
    globalParameters: RequestParameters;
    hasDefaultStreams: boolean;
    streams: Record<string, never>;
  }): {
    querier: { readonly staticBuckets: readonly Bucket[]; readonly hasDynamicBuckets: boolean };
    errors: readonly unknown[];
  };
  evaluateRow(options: {
    sourceTable: { connectionTag: string; schema: string; name: string };
    record: Record<string, string | bigint>;
  }): readonly Bucket[];
}

export class BaseJwtPayload {
  constructor(claims: Record<string, unknown>);
}

export class RequestParameters {
  constructor(payload: BaseJwtPayload, clientParameters: Record<string, unknown>);
}

export const DEFAULT_HYDRATION_STATE: unique symbol;

export class SqlSyncRules {
  static fromYaml(yaml: string, options: { defaultSchema: string; throwOnError: boolean }): {
    config: {
      hydrate(options: { hydrationState: typeof DEFAULT_HYDRATION_STATE; sqlite: null }): HydratedSyncConfig;
    };
    errors: readonly Error[];
  };
}
