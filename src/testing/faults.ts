import { status } from '@grpc/grpc-js';
import { AgentError, type Fault as ConfigurationFault } from '../api/errors';
import type { InjectedFault, FaultHandle, FaultRule } from './fault';
import { METHODS, type Method } from './record/records';

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
