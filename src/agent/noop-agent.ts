import { hostname } from 'node:os';
import type { Clock } from '../base/clock';
import { AgentError } from '../api/errors';
import { toIso } from '../base/time';
import type { Config } from '../config/config';
import type { Agent, Meters, TraceSpan } from '../api/agent';
import { settingsOf } from './dynamic-settings';
import type { Status } from '../api/status';
import { assertFunction } from '../tracing/manual/manual-spans';
import { version } from './version';

const nothing: TraceSpan = {
  traceId: '',
  segmentId: '',
  spanId: -1,
  tag: () => undefined,
  log: () => undefined,
  error: () => undefined,
  setOperationName: () => undefined,
};
export const noMeters: Meters = {
  counter: () => ({ increment: () => undefined }),
  gauge: () => ({ set: () => undefined }),
  histogram: () => ({ record: () => undefined }),
};
const none = { known: 0, pending: 0, refused: 0 };

/** The agent of a process that shall not have one: nothing is patched, watched, written or sent. */
export function noopAgent(config: Config, clock: Clock): Agent {
  const startedAt = toIso(clock.now());
  const status: Status = {
    pid: process.pid,
    host: hostname(),
    startedAt,
    version,
    service: config.serviceName,
    instance: null,
    instanceNameFrom: config.instanceNameFrom,
    backend: null,
    reconnects: 0,
    protocol: null,
    registration: {
      phase: 'disabled',
      epoch: 0,
      serviceId: null,
      instanceId: null,
      since: startedAt,
      reason: 'start',
      knownAs: null,
    },
    heartbeat: { lastOkAt: null, failures: 0, lastError: null },
    endpoints: none,
    networkAddresses: none,
    segments: { accepted: 0, sent: 0, dropped: 0, inFlight: 0, buffered: 0, droppedBecause: {} },
    settings: settingsOf(config),
    instrumentations: {
      active: [],
      off: [],
      loadedBefore: [],
      libraries: [],
      startedAfterMs: Math.round(process.uptime() * 1_000),
    },
    openTelemetry: { provider: null, reason: 'the agent is disabled', instrumentations: [] },
    commands: { file: null, watching: 'off', fault: null, last: [] },
  };
  return {
    ready: () => Promise.resolve(status),
    status: () => status,
    reset: () => Promise.reject(new AgentError('STOPPED', 'the agent is disabled in this process')),
    flush: () => Promise.resolve(true),
    stop: () => Promise.resolve(),
    meter: noMeters,
    trace: (_name, fn) => {
      assertFunction(fn, 'trace(name, fn)');
      return fn(nothing);
    },
    currentTraceId: () => undefined,
    currentSpan: () => undefined,
    entry: (_name, _carrier, fn) => {
      assertFunction(fn, 'entry(name, carrier, fn)');
      return fn(nothing);
    },
    exit: (_name, _peer, fn) => {
      assertFunction(fn, 'exit(name, peer, fn)');
      return fn(nothing, () => undefined);
    },
    bind: (fn) => fn,
    logContext: () => undefined,
    correlateLogs: () => undefined,
    getCorrelation: () => undefined,
    setCorrelation: () => false,
    onCommand: () => () => undefined,
  };
}
