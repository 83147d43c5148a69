import type { Chance } from '../control/fuzz/chance';
import type { Fault, FaultHandle, Method } from '../../src/testing/index';
import { until } from '../support/until';
import type { Site } from './soak-site';

/** Something that goes wrong. */
export interface SoakFault {
  readonly name: string;
  /** @returns ends it */
  readonly begin: (site: Site, chance: Chance) => Promise<() => Promise<void>>;
  /** For how many seconds, at least and at most; default 2 to 8. */
  readonly lasts?: readonly [least: number, most: number];
}

/** A line that swallows everything has to be left within this time, by the clock of the agents. */
const NOTICED_MS = 30_000;
/** And within this one by ours: the machine may be busy. */
const LEAST_PATIENCE_MS = 5_000;
/** Every method of which the agent reads the answer. An OK to segments is a promise to have them, whatever comes with it. */
const ANSWERED: readonly Method[] = [
  'doServiceRegister',
  'doServiceInstanceRegister',
  'doPing',
  'keepAlive',
  'reportInstanceProperties',
  'fetchConfigurations',
];

function injected(name: string, fault: Fault, more: { method?: readonly Method[]; times?: number } = {}) {
  return {
    name,
    begin: async ({ collector, nodes }: Site, chance: Chance): Promise<() => Promise<void>> => {
      const handle: FaultHandle = collector.faults.add({ ...more, fault, node: chance.below(nodes) });
      return async () => handle.remove();
    },
  };
}

function diverted(name: string, to: 'content-type' | '1 GB'): SoakFault {
  return {
    name,
    begin: async (site, chance) => {
      const node = chance.below(site.nodes);
      site.lines[node]!.divert(site.hostile[to].address);
      return async () => site.lines[node]!.divert(site.collector.addresses[node]!);
    },
  };
}

export const SOAK_FAULTS: readonly SoakFault[] = [
  {
    name: 'a node killed',
    begin: async ({ collector, nodes }, chance) => {
      const node = chance.below(nodes);
      await collector.stopNode(node);
      return () => collector.startNode(node);
    },
  },
  {
    name: 'every node killed',
    begin: async ({ collector, nodes }) => {
      for (let node = 0; node < nodes; node++) await collector.stopNode(node);
      return async () => {
        for (let node = 0; node < nodes; node++) await collector.startNode(node);
      };
    },
  },
  {
    name: 'a node stands still',
    lasts: [3, 15],
    begin: async ({ lines, nodes }, chance) => {
      const line = lines[chance.below(nodes)]!;
      line.hold();
      return async () => line.goOn();
    },
  },
  {
    name: 'a line half-open',
    lasts: [0, 1],
    begin: async ({ lines, nodes, speed }, chance) => {
      const line = lines[chance.below(nodes)]!;
      const lost = line.die();
      const timeoutMs = Math.max(NOTICED_MS / speed, LEAST_PATIENCE_MS);
      return async () => {
        await until(() => lost.filter(({ destroyed }) => !destroyed).length, (open) => open === 0, { timeoutMs, everyMs: 50 }); // prettier-ignore
        line.revive();
      };
    },
  },
  { ...injected('a node answers after 9 s', { type: 'delay', ms: 9_000 }), lasts: [10, 20] },
  injected('a node answers RESOURCE_EXHAUSTED', { type: 'refuse', code: 'RESOURCE_EXHAUSTED' }),
  injected('a node says GOAWAY', { type: 'goaway' }, { times: 3 }),
  injected('a node answers garbage', { type: 'garbage' }, { method: ANSWERED }),
  diverted('a wrong content type', 'content-type'),
  diverted('an answer of 1 GB', '1 GB'),
  {
    name: 'the storage emptied',
    lasts: [0, 1],
    begin: async (site) => {
      await site.wipe();
      return async () => undefined;
    },
  },
  {
    name: 'names get other addresses',
    begin: async (site, chance) => {
      site.rename(chance);
      // Otherwise they would be looked up only after `maxConnectionAgeMs`.
      await site.collector.restart();
      return async () => undefined;
    },
  },
  {
    name: 'names vanish',
    begin: async (site) => {
      site.unname();
      await site.collector.restart();
      return async () => site.name();
    },
  },
  {
    name: 'the token replaced',
    begin: async (site) => {
      await site.rotateToken();
      return async () => undefined;
    },
  },
];
