import { systemClock, type Clock } from '../base/clock';
import { AgentError, type Fault } from '../api/errors';
import { stderrLogger } from '../base/log';
import type { Logger } from '../api/options';
import type { CollectorOptions } from './options';
import { BACKEND_PROTOCOLS, type BackendProtocol, NODE_ROLES, type NodeRole } from './protocol';
import type { OapVersion } from './v2/exchange';
import type { TlsFiles } from './server/listener';

export interface ResolvedOptions {
  readonly port: number;
  readonly httpPort: number | undefined;
  readonly protocol: BackendProtocol;
  readonly nodes: number;
  readonly roles: readonly NodeRole[];
  readonly storage: string;
  readonly idDelayMs: number;
  readonly deafMs: number;
  readonly sessionMs: number;
  readonly nameWaitMs: number;
  readonly nameRetryMs: number;
  readonly ttlMs: number | undefined;
  readonly maxRecords: number;
  readonly maxNames: number;
  readonly checkHeartbeatName: boolean;
  readonly oap: OapVersion;
  readonly token: string | undefined;
  readonly tls: TlsFiles | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

const MAX_NODES = 16;
const HIGHEST_PORT = 65_535;

type Rule = readonly [expected: string, isRight: (value: unknown) => boolean];

const isProtocol = (value: unknown): boolean => BACKEND_PROTOCOLS.some((known) => known === value);
const isRole = (value: unknown): boolean => NODE_ROLES.some((known) => known === value);
const port: Rule = ['a port, 0 to 65535', (value) => isWhole(value, 0, HIGHEST_PORT)];
const duration: Rule = ['milliseconds, at least 0', (value) => isNumber(value) && value >= 0];
const isPem = (value: unknown): boolean => Buffer.isBuffer(value) || (typeof value === 'string' && value !== '');
const hasAll = (value: unknown, types: Record<string, string>): boolean =>
  isObject(value) && Object.entries(types).every(([key, type]) => typeof value[key] === type);

const RULES: Readonly<Record<keyof CollectorOptions, Rule>> = {
  port,
  httpPort: port,
  protocol: [`one of ${BACKEND_PROTOCOLS.join(', ')}`, isProtocol],
  nodes: [`a whole number, 1 to ${MAX_NODES}`, (value) => isWhole(value, 1, MAX_NODES)],
  roles: [`a list of ${NODE_ROLES.join(', ')}`, (value) => Array.isArray(value) && value.every(isRole)],
  storage: ['memory, or the path of a directory', (value) => typeof value === 'string' && value.trim() !== ''],
  idDelayMs: duration,
  deafMs: duration,
  sessionMs: duration,
  nameWaitMs: duration,
  ttlMs: ['milliseconds, above 0', (value) => isNumber(value) && value > 0],
  maxRecords: ['a whole number from 1', (value) => isWhole(value, 1, Number.MAX_SAFE_INTEGER)],
  maxNames: ['a whole number from 1', (value) => isWhole(value, 1, Number.MAX_SAFE_INTEGER)],
  checkHeartbeatName: ['true or false', (value) => typeof value === 'boolean'],
  oap: ['6.5 or 6.6', (value) => value === '6.5' || value === '6.6'],
  token: ['a text that is not empty', (value) => typeof value === 'string' && value !== ''],
  tls: [
    '{cert, key, clientCa?} as PEM',
    (value) =>
      isObject(value) && isPem(value['cert']) && isPem(value['key']) && isPem(value['clientCa'] ?? value['cert']),
  ],
  clock: [
    'a Clock',
    (value) => hasAll(value, { now: 'function', elapsed: 'function', random: 'function', after: 'function' }),
  ],
  logger: [
    'a Logger',
    (value) => hasAll(value, { error: 'function', warn: 'function', info: 'function', debug: 'function' }),
  ],
};

/** What it prints of a value must never be one of these. */
const SECRET: ReadonlySet<string> = new Set(['token', 'tls']);

/** The options with their defaults. Throws AgentError with every fault at once; undefined counts as not given. */
export function resolveOptions(options: CollectorOptions): ResolvedOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const faults = given.flatMap(([name, value]) => faultOf(name, value));
  const last = (options.port ?? 0) + (options.nodes ?? 1) - 1;
  if (faults.length === 0 && options.port !== 0 && last > HIGHEST_PORT)
    faults.push(fault('port', options.port, `a port with room for ${options.nodes ?? 1} nodes, up to ${HIGHEST_PORT}`));
  if (faults.length > 0) throw AgentError.ofFaults(faults);

  const idDelayMs = options.idDelayMs ?? 200;
  return {
    port: options.port ?? 0,
    httpPort: options.httpPort,
    protocol: options.protocol ?? 'v2',
    nodes: options.nodes ?? 1,
    roles: options.roles ?? [],
    storage: options.storage ?? 'memory',
    idDelayMs,
    deafMs: options.deafMs ?? 0,
    sessionMs: options.sessionMs ?? 0,
    nameWaitMs: options.nameWaitMs ?? 5_000,
    nameRetryMs: Math.min(500, Math.max(10, 2.5 * idDelayMs)),
    ttlMs: options.ttlMs,
    maxRecords: options.maxRecords ?? 10_000,
    maxNames: options.maxNames ?? 100_000,
    checkHeartbeatName: options.checkHeartbeatName ?? false,
    oap: options.oap ?? '6.5',
    token: options.token,
    tls: options.tls,
    clock: options.clock ?? systemClock,
    logger: options.logger ?? stderrLogger,
  };
}

function faultOf(name: string, value: unknown): Fault[] {
  if (!Object.hasOwn(RULES, name)) return [fault(name, value, `one of ${Object.keys(RULES).join(', ')}`)];
  const [expected, isRight] = RULES[name as keyof CollectorOptions];
  return isRight(value) ? [] : [fault(name, value, expected)];
}

function fault(name: string, value: unknown, expected: string): Fault {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value) : typeof value;
  return { name, value: SECRET.has(name) ? '***' : text, source: 'startCollector()', expected };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return isNumber(value) && Number.isSafeInteger(value) && value >= least && value <= most;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
