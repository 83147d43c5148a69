import { status } from '@grpc/grpc-js';
import { AgentError, type Fault as ConfigurationFault } from '../api/errors';
import { type Method, METHODS } from './record/records';

/** gRPC's name of a status other than OK, such as `UNAVAILABLE`. */
export type RefusalCode = Exclude<keyof typeof status, 'OK'>;

/**
 * What is to go wrong with a call.
 *
 * - `refuse`: answered at once by a status; `UNAVAILABLE` unless `code` says otherwise. Nothing is done.
 * - `delay`: handled as ever, but not before `ms` milliseconds have passed.
 * - `hang`: never answered; nothing is done. The call stays open until the client gives up or is cut off.
 * - `goaway`: the node tells all its connections to go (HTTP/2 GOAWAY), handles the call, and cuts what is still
 *   connected after `graceMs` milliseconds (default 1000; 0: at once, the call included).
 * - `drop`: answered OK and empty, and nothing is done, as by a server that has just opened its ports. Segments of a
 *   stream are read and lost.
 * - `garbage`: answered OK by bytes that are no message (`bytes`, default five times 0xff); nothing is done.
 */
export type InjectedFault =
  | { readonly type: 'refuse'; readonly code?: RefusalCode; readonly message?: string }
  | { readonly type: 'delay'; readonly ms: number }
  | { readonly type: 'hang' }
  | { readonly type: 'goaway'; readonly graceMs?: number }
  | { readonly type: 'drop' }
  | { readonly type: 'garbage'; readonly bytes?: Uint8Array };

/** Which calls something is to go wrong with. */
export interface FaultRule {
  readonly fault: InjectedFault;
  /**
   * One method or several, such as `doPing`; default: every method of the protocol that is spoken. A method of another
   * protocol is met only where it is named: as if something stood before the backend that answers instead of it.
   */
  readonly method?: Method | readonly Method[];
  /** The node, counted from 0; default: every node. */
  readonly node?: number;
  /** How many calls it applies to; default: all, until it is removed. */
  readonly times?: number;
}

/** A rule that was added. */
export interface FaultHandle {
  /** How many calls it has applied to. */
  readonly hits: number;
  /** From now on calls are handled as ever. Those that hang already stay so. Twice is once. */
  remove(): void;
}

interface Active {
  readonly rule: FaultRule;
  hits: number;
}

const TYPES: readonly InjectedFault['type'][] = ['refuse', 'delay', 'hang', 'goaway', 'drop', 'garbage'];

/**
 * What is to go wrong, by script. Rules survive `wipe()` and `restart()`. Where several fit a call, the one that was
 * added first meets it.
 *
 *     const refusal = collector.faults.add({ method: 'doPing', times: 3, fault: { type: 'refuse', code: 'UNKNOWN' } });
 *     collector.faults.add({ node: 0, fault: { type: 'hang' } });
 *     refusal.remove();
 *     collector.faults.clear();
 */
export class Faults {
  private active: Active[] = [];

  /** Throws AgentError `INVALID_CONFIGURATION` where the rule makes no sense. */
  add(rule: FaultRule): FaultHandle {
    check(rule);
    const active: Active = { rule: { ...rule }, hits: 0 };
    this.active.push(active);
    return {
      get hits() {
        return active.hits;
      },
      remove: () => {
        this.active = this.active.filter((other) => other !== active);
      },
    };
  }

  /** Removes every rule. */
  clear(): void {
    this.active = [];
  }

  /** Not for tests: asked once for each call. @param isLacking the backend does not have the method */
  meet(method: Method, node: number, isLacking: boolean): InjectedFault | undefined {
    const found = this.active.find(
      ({ rule, hits }) =>
        hits < (rule.times ?? Infinity) &&
        methodsOf(rule).includes(method) &&
        !(isLacking && rule.method === undefined) &&
        (rule.node ?? node) === node,
    );
    if (found) found.hits++;
    return found?.rule.fault;
  }
}

function methodsOf({ method }: FaultRule): readonly Method[] {
  if (method === undefined) return METHODS;
  return typeof method === 'string' ? [method] : method;
}

function check(rule: FaultRule): void {
  const faults: ConfigurationFault[] = [];
  const expect = (isRight: boolean, name: string, value: unknown, expected: string): void => {
    if (!isRight) faults.push({ name, value: String(value), source: 'faults.add()', expected });
  };
  const { fault, node, times } = rule;
  expect(TYPES.includes(fault.type), 'fault.type', fault.type, `one of ${TYPES.join(', ')}`);
  for (const method of methodsOf(rule))
    expect(METHODS.includes(method), 'method', method, `one of ${METHODS.join(', ')}`);
  expect(node === undefined || isCount(node, 0), 'node', node, 'a node, counted from 0');
  expect(times === undefined || isCount(times, 1), 'times', times, 'a whole number from 1');
  if (fault.type === 'refuse')
    expect(isRefusal(fault.code ?? 'UNAVAILABLE'), 'fault.code', fault.code, "gRPC's name of a status other than OK");
  if (fault.type === 'delay') expect(isDuration(fault.ms), 'fault.ms', fault.ms, 'milliseconds, at least 0');
  if (fault.type === 'goaway')
    expect(isDuration(fault.graceMs ?? 0), 'fault.graceMs', fault.graceMs, 'milliseconds, at least 0');
  if (faults.length > 0) throw AgentError.ofFaults(faults);
}

function isCount(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}

function isDuration(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}

function isRefusal(code: string): boolean {
  return code !== 'OK' && typeof status[code as keyof typeof status] === 'number';
}
