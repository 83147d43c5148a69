import { Log } from '../../../src/base/log';
import { bridge } from '../../../src/instrument/opentelemetry/bridge';
import { FakeClock } from '../../support/fake-clock';
import { tracing, type Tracing } from '../../support/tracing';
import type { InstrumentOptions } from '../../../src/instrument/options';
import type { TracerOptions } from '../../../src/tracing/tracer';
import type { V3Identity } from '../../../src/protocol/v3/sw8/propagator';
import * as Api from 'otel-api-1-10';
import * as api19 from 'otel-api-1-9';
import * as api14 from 'otel-api-1-4';

/** The versions of `@opentelemetry/api` that packages of all ages bring along. */
export const APIS: readonly (readonly [version: string, api: typeof Api])[] = [
  ['1.4.1', api14 as unknown as typeof Api],
  ['1.9.1', api19 as unknown as typeof Api],
  ['1.10.0', Api],
];
export const api = api19;

const V3: V3Identity = {
  protocol: 'v3',
  service: 'orders',
  instance: 'orders-1',
  endpoint: (span) => span.operationName,
};

export interface Bridged extends Tracing<FakeClock> {
  readonly logged: string[];
  readonly undo: (() => void) | undefined;
}

const undos: (() => void)[] = [];

/** A tracer that OpenTelemetry's spans go to. */
export function bridged(options: Partial<InstrumentOptions> = {}, tracerOptions: Partial<TracerOptions> = {}): Bridged {
  const logged: string[] = [];
  const clock = new FakeClock();
  const say = (message: string) => void logged.push(message);
  const log = new Log(clock, { error: say, warn: say, info: say, debug: say }, 'debug');
  const made = tracing({ clock, names: () => V3, ...tracerOptions });
  const own = bridge(made.tracer, { collectQuery: false, ignoreSuffix: [], ignorePath: [], log, ...options });
  if (own) undos.push(own.undo);
  return { ...made, logged, undo: own?.undo };
}

/** For `afterEach`. */
export function unbridge(): void {
  for (const undo of undos.splice(0)) undo();
}

/** Headers as a message carries them. */
export type Carrier = Record<string, string>;

/** The carrier of an exit span of another process. */
export function carrierFrom(tracer: Tracing<FakeClock>['tracer'], peer = 'kafka:9092'): Carrier {
  const carrier: Carrier = {};
  const exit = tracer.openExit('send', peer, null)!;
  tracer.inject(exit, carrier, (into, name, value) => (into[name] = value));
  tracer.end(exit);
  return carrier;
}
