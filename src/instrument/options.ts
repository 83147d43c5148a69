import type { IgnoreOptions, RequestIgnoreOptions } from './http/server/ignore';
import type { InstrumentationName } from '../api/options';
import type { TrustIncoming } from '../base/patterns';
import type { Log } from '../base/log';

/** @param path of the request, without its query */
export type IsErrorStatus = (status: number, path: string) => boolean;

/** Why a file must not be loaded: another user may have put it there. `undefined`: it may be. */
export type RuleOf = (file: string) => string | undefined;

interface InstalledPackages {
  /** What its package.json names. */
  readonly names: readonly string[];
  /** Where they are found from, the nearest first. */
  readonly folders: readonly string[];
  /** For what is loaded in one go. */
  readonly loadRules: () => RuleOf;
}

export interface InstrumentOptions extends IgnoreOptions, RequestIgnoreOptions {
  /** Keep the query in the `url` tag. */
  readonly collectQuery: boolean;
  /** Name what has no route by its path with `{id}` in it. Default: by its path as it is. */
  readonly groupEndpoints?: boolean;
  /** Keep the values that SQL statements are called with. Default: not. */
  readonly sqlParameters?: boolean;
  /** Default: as long as a tag may be. */
  readonly sqlParametersMaxLength?: number;
  /** Keep the filters of MongoDB commands. Default: not. */
  readonly mongoParameters?: boolean;
  /** Default: as long as a tag may be. */
  readonly mongoParametersMaxLength?: number;
  readonly log: Log;
  /** What the application has installed. Default: nothing is known. */
  readonly packages?: InstalledPackages;
  /** Instrumentations that stay off. Default: none. */
  readonly disable?: readonly InstrumentationName[];
  /** Default: all. */
  readonly trustIncoming?: TrustIncoming;
  /** Which statuses are errors. Default: 400 and above. */
  readonly isServerError?: IsErrorStatus | undefined;
  readonly isClientError?: IsErrorStatus | undefined;
  /** The header of responses that names the trace. Default: none. */
  readonly responseHeader?: string | undefined;
  /** Wrap what `http` and `https` export, even where the faster way works. For tests. */
  readonly byFunctions?: boolean;
}
