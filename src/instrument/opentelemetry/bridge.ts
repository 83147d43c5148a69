import { isApiTaken, registerApis, type OwnApis } from './api-global';
import { apis } from './lazy';
import { packageOf, TRACED_BY_US } from './packages';
import { copyOf, errorMessage } from '../../base/text';
import type { InstrumentationScope } from './api-types';
import type { InstrumentOptions } from '../options';
import type { Undo } from '../patch';
import type { SpanEnvironment } from './spans';
import type { Tracer } from '../../tracing/tracer';
import { context, untraced } from '../../tracing/context';

/** Names of spans, which the application may make up. A v2 backend keeps each for ever. */
const MAX_NAMES = 1_000;

interface Bridge {
  readonly undo: Undo;
  /** Where Kafka's clients connect to, which its spans do not say. */
  readonly setBrokers: (brokers: readonly string[]) => void;
}

/**
 * Makes this agent what `@opentelemetry/api` finds as its provider of tracers, context and propagation, so that the spans
 * of OpenTelemetry's instrumentations, of libraries and of the application become spans of our segments.
 * @returns `undefined`: an SDK of the application's is there already, and stays
 */
export function bridge(tracer: Tracer, options: InstrumentOptions): Bridge | undefined {
  if (isApiTaken()) return undefined;
  const peers: Record<string, string> = {};
  const environment: SpanEnvironment = {
    tracer,
    options: {
      peers,
      ...(options.sqlParameters !== undefined && { sqlParameters: options.sqlParameters }),
      ...(options.sqlParametersMaxLength !== undefined && { sqlParametersMaxLength: options.sqlParametersMaxLength }),
    },
    tracedByUs: tracedByUs(options),
    believesAll: (options.trustIncoming ?? 'all') === 'all',
    admitName: nameFilter(options),
    complain: (error) =>
      options.log.error(`a span of OpenTelemetry's could not be traced: ${errorMessage(error)}`, 'opentelemetry'),
  };
  let made: Partial<OwnApis> | undefined;
  const undo = registerApis(
    () => (made ??= createApis(environment, options.log)),
    (fn) => context.run(untraced, fn),
  );
  return {
    undo,
    setBrokers(brokers) {
      const peer = brokers.join(';');
      // With two clusters it is unknown which of them a span goes to.
      peers['kafka'] = peers['kafka'] === undefined || peers['kafka'] === peer ? peer : 'kafka';
    },
  };
}

/** The application must not be hit: where code of ours is missing there is no API. */
function createApis(environment: SpanEnvironment, log: InstrumentOptions['log']): Partial<OwnApis> {
  try {
    return apis().createApis(environment);
  } catch (error) {
    log.error(`spans of OpenTelemetry are not traced: ${errorMessage(error)}`);
    return {};
  }
}

/** Packages of instrumentations whose work our own trace, as far as they are on. */
export function tracedByUs({ disable = [] }: Pick<InstrumentOptions, 'disable'>): ReadonlySet<string> {
  return new Set(TRACED_BY_US.filter((name) => !disable.includes(name)).map(packageOf));
}

function nameFilter({ log }: InstrumentOptions): SpanEnvironment['admitName'] {
  const names = new Map<string, string>();
  let last = '';
  return (name, { name: scopeName }: InstrumentationScope) => {
    if (name === last) return last;
    const known = names.get(name);
    if (known !== undefined) return (last = known);
    if (names.size < MAX_NAMES) {
      last = copyOf(name);
      names.set(last, last);
      return last;
    }
    log.warn(`more than ${MAX_NAMES} names of OpenTelemetry spans: the others are called other`, 'opentelemetry names');
    return `${scopeName === '' ? 'span' : scopeName}/other`;
  };
}
