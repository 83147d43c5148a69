import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Agent } from '../../src/index';
import { startCollector, type Collector, type Fault } from '../../src/testing/index';
import { logged, startOwn, stopOwn } from '../support/own-agent';
import { until } from '../support/until';
import { visit } from '../support/visit';

let collector: Collector;
let agent: Agent;
let server: Server;

beforeEach(async () => {
  collector = await startCollector({ idDelayMs: 10 });
  agent = startOwn({ backends: collector.address, groupEndpoints: false });
  await agent.ready(10_000);
  server = createServer((_, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  await stopOwn();
  await new Promise((resolve) => server.close(resolve));
  await collector.stop();
});

const see = async (page: string): Promise<void> => {
  for (let n = 0; n < 2; n++) await visit((server.address() as AddressInfo).port, page);
};

const known = (count: number) => until(() => agent.status().endpoints.known, (found) => found === count); // prettier-ignore

it('a path that is too long for the storage is shown cut, with its caller, and one warning says so', async () => {
  const { port } = server.address() as AddressInfo;
  const page = (n: number): string => `/${n}/${'long/'.repeat(80)}`;
  // Each asks for another, by names at first and by ids from the third on.
  server.on('request', ({ url = '' }) => void (url.startsWith('/0/') && visit(port, page(1))));
  for (let n = 0; n < 5; n++) {
    await visit(port, page(0));
    await until(() => agent.status().segments.accepted, (count) => count === 3 * (n + 1)); // prettier-ignore
    await agent.flush();
    if (n >= 1) await known(2);
  }
  await until(
    () => [...collector.segments(), ...collector.droppedSegments()],
    ({ length }) => length === 15,
  );
  expect(collector.droppedSegments()).toEqual([]);
  const [cut, called] = [page(0).slice(0, 150), page(1).slice(0, 150)];
  const entries = collector.segments().flatMap(({ spans }) => spans.filter(({ type }) => type === 'Entry'));
  const callersOf = (name: string): string[] =>
    entries
      .filter(({ operationName }) => operationName === name)
      .flatMap(({ refs }) => refs.map(({ parentEndpoint }) => parentEndpoint));
  expect([callersOf(cut), callersOf(called)]).toEqual([Array(5).fill('User'), Array(5).fill(cut)]);
  expect(collector.endpoints().map(({ name }) => name).sort()).toEqual([cut, called]); // prettier-ignore
  expect(logged.filter((line) => line.includes('cut'))).toEqual([
    expect.stringMatching(/^warn: names over 150 characters are cut, such as \/[01]\/long/),
  ]);
});

const refusal: Fault = { type: 'refuse', code: 'INTERNAL' };

it('a name that is refused twice and answered by garbage once has its id within seconds', async () => {
  const faults = [
    collector.faults.add({ method: 'doEndpointRegister', times: 2, fault: refusal }),
    collector.faults.add({ method: 'doEndpointRegister', times: 1, fault: { type: 'garbage' } }),
  ];
  await see('/orders');
  await known(1);
  expect(faults.map(({ hits }) => hits)).toEqual([2, 1]);
  expect(collector.endpoints().map(({ name }) => name)).toEqual(['/orders']);
});

it('a backend that refuses names for a while is asked at a bearable pace, and numbers all of them once it is well', async () => {
  const fault = collector.faults.add({ method: 'doEndpointRegister', fault: refusal });
  for (let n = 0; n < 50; n++) await see(`/${n}`);
  await until(() => fault.hits >= 8);
  expect(agent.status()).toMatchObject({ registration: { phase: 'registered', epoch: 1 }, endpoints: { known: 0 } });
  fault.remove();
  await known(50);
  const times = collector
    .calls()
    .filter(({ method }) => method === 'doEndpointRegister')
    .map(({ at }) => Date.parse(at));
  // The clock of the backend is not the agent's.
  times.forEach((at, index) => expect((times[index + 20] ?? Infinity) - at).toBeGreaterThanOrEqual(4_900));
});
