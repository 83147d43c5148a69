import { placesOf, type Place } from '../scenario/span-tree';
import { Chain } from './peers/chain';
import { PEERS, type Peer, type StartPeer } from './peers/peer';

/** Longer than any single wait, whose own words say more than "timed out". */
const PATIENCE_MS = 120_000;

/** Trace ids: three numbers, and the UUIDs of others. */
const OURS = /^\d+\.\d+\.\d+$/;
const THEIRS = /^[\da-f]{32}$/;

/** Each agent has names of its own for the components. */
type Seat = Omit<Place, 'component'>;

/** What a question to the gate is, over three processes and two agents. */
const fromGate = ({ endpoint }: Peer, page: string, under?: string): readonly Seat[] => [
  { service: 'gate', type: 'Entry', name: `GET:${page}`, under },
  { service: 'gate', type: 'Exit', name: '/goods', under: `gate Entry GET:${page}` },
  { service: 'inside', type: 'Entry', name: endpoint('/goods'), under: 'gate Exit /goods' },
  { service: 'inside', type: 'Exit', name: '/count', under: `inside Entry ${endpoint('/goods')}` },
  { service: 'vault', type: 'Entry', name: 'GET:/count', under: 'inside Exit /count' },
];

const fromOutside = (peer: Peer, page: string): readonly Seat[] => [
  { service: 'outside', type: 'Entry', name: peer.endpoint(page), under: undefined },
  { service: 'outside', type: 'Exit', name: '/count', under: `outside Entry ${peer.endpoint(page)}` },
  ...fromGate(peer, '/count', 'outside Exit /count'),
];

function startOf(peer: Peer): StartPeer | undefined {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  try {
    return peer.obtain(say);
  } catch (error) {
    say(`skipped: nothing is tested with ${peer.title}: ${(error as Error).message}`);
    say(`It takes ${peer.needs}, once. Then: npm run test:oap -- peers`);
    return undefined;
  }
}

describe.each(PEERS.map((peer) => [peer.title, peer] as const))('among services of ours, %s', (_title, peer) => {
  const startPeer = startOf(peer);
  const test = startPeer ? it : it.skip;
  let chain: Chain;

  // With nothing but skipped tests, neither of the two runs.
  beforeAll(async () => {
    chain = new Chain();
    await chain.start(startPeer!);
  }, PATIENCE_MS);

  afterAll(() => chain.stop());

  test.each(['/order', '/visit'])(
    'goes on with our trace, and we with it when it calls back (%s)',
    async (page) => {
      expect(await chain.ask('gate', page)).toBe(peer.handsCorrelationThrough ? 'blue' : 'no-visitor');
      const whole = fromGate(peer, page);
      const { id, spans } = await chain.trace('gate', `GET:${page}`, whole.length);
      expect(id).toMatch(OURS);
      expect(placesOf(spans)).toMatchObject(whole);
    },
    PATIENCE_MS,
  );

  test(
    'begins a trace under an id of its own form, and we hand it on',
    async () => {
      expect(await chain.ask('outside', '/visitors')).toBe(peer.handsCorrelationThrough ? 'red' : 'no-visitor');
      const whole = fromOutside(peer, '/visitors');
      const { id, spans } = await chain.trace('outside', peer.endpoint('/visitors'), whole.length);
      expect(id).toMatch(THEIRS);
      expect(placesOf(spans)).toMatchObject(whole);
    },
    PATIENCE_MS,
  );

  test(
    'is drawn with them in one topology, each line once',
    async () => {
      expect([...(await chain.topology())].sort()).toEqual(['gate -> inside', 'inside -> vault', 'outside -> gate']);
    },
    PATIENCE_MS,
  );
});
