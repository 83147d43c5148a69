import type { IncomingHttpHeaders } from 'node:http2';
import { ok } from '../../src/base/outcome';
import { decodeCommands } from '../../src/protocol/protobuf/control/reader';
import { decodeEndpoints, decodeKeyInts, V2Client } from '../../src/protocol/v2/client';
import { v2Protocol } from '../../src/protocol/v2/protocol';
import { V3Client } from '../../src/protocol/v3/client';
import { v3Protocol } from '../../src/protocol/v3/protocol';
import { parseFrame } from '../../src/transport/call/frame';
import { readStatus, toOutcome } from '../../src/transport/call/grpc-status';
import { Chance } from '../control/fuzz/chance';
import { heldBytes } from '../support/garbage';
import { someNames } from '../support/wire/names';
import { oracleEncode } from '../support/wire/oracle';

const MIB = 1024 * 1024;
/** `SKYANCHOR_FUZZ=100000 npm run test:security -- fuzz`; with `SKYANCHOR_FUZZ_SEED` the same inputs again. */
const COUNT = Number(process.env['SKYANCHOR_FUZZ'] ?? 1_000);
const SEED = Number(process.env['SKYANCHOR_FUZZ_SEED'] ?? Date.now() % 1_000_000);
/** Milliseconds of CPU for the slowest input; that of the largest size that gets this far. */
const SLOWEST_MS = 250;
/** What all inputs together may leave behind. */
const LEFT_BEHIND = 16 * MIB;
const LARGEST = 64 * 1024;

const chance = new Chance(SEED);
const never = new AbortController().signal;

const text = (): string =>
  chance.of([
    '',
    'orders',
    '/a',
    'ServiceMetadataReset',
    'ConfigurationDiscoveryCommand',
    'UUID',
    '__proto__',
    '\0\u202e',
  ]);
const id = (): number => chance.of([0, 1, 3, -1, 2 ** 31 - 1, -(2 ** 31)]);
const pairs = (): unknown[] => chance.times(5, () => ({ key: text(), value: id() }));
const words = (): unknown[] => chance.times(5, () => ({ key: text(), value: text() }));

const wholes: readonly (() => Buffer)[] = [
  () => oracleEncode('ServiceRegisterMapping', { services: pairs() }),
  () => oracleEncode('NetAddressMapping', { addressIds: pairs() }),
  () =>
    oracleEncode('EndpointMapping', {
      elements: chance.times(5, () => ({ serviceId: id(), endpointName: text(), endpointId: id(), from: 1 })),
    }),
  () => oracleEncode('Commands', { commands: chance.times(3, () => ({ command: text(), args: words() })) }),
];

function noise(length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => chance.below(256)));
}

/** A whole message, one with something wrong, one that goes on and on, or noise. */
function makeInput(): Buffer {
  const whole = chance.of(wholes)();
  switch (chance.below(6)) {
    case 0:
      return whole;
    case 1: {
      for (let n = chance.below(4); n >= 0 && whole.length > 0; n--)
        whole[chance.below(whole.length)] = chance.below(256);
      return whole;
    }
    case 2:
      return whole.subarray(0, chance.below(whole.length + 1));
    case 3: {
      const at = chance.below(whole.length + 1);
      return Buffer.concat([whole.subarray(0, at), noise(chance.below(12)), whole.subarray(at)]);
    }
    case 4:
      return chance.is(0.02) ? Buffer.alloc(LARGEST, chance.is(0.5) ? Buffer.from([0x0a, 0]) : noise(7)) : noise(40);
    default:
      return noise(chance.below(64));
  }
}

/** Everything that reads an answer without anything around it that would catch what it throws. */
async function readEverywhere(input: Buffer): Promise<void> {
  const answer = (): Promise<ReturnType<typeof ok<Buffer>>> => Promise.resolve(ok(input));
  const v2 = new V2Client(answer, () => undefined);
  const v3 = new V3Client(
    answer,
    answer,
    () => ({ protocol: 'v3', package: 'skywalking.v3.' }),
    () => undefined,
  );
  const instance = { serviceName: 'orders', instanceName: 'orders-1' };
  const service = await v2.registerService('orders', never);
  if (service.status === 'ok' && service.value !== undefined) expect(isId(service.value)).toBe(true);
  await v2.registerInstance({ serviceId: 3, instanceName: 'orders', time: 1, properties: [] }, never);
  await v2.heartbeat({ instanceId: 7, instanceName: 'orders', time: 1 }, never);
  for (const found of [
    await v2.registerNetworkAddresses(['orders', '/a'], never),
    await v2.registerEndpoints(3, ['orders', '/a'], never),
  ]) {
    if (found.status === 'ok') expect([...found.value.values()].every(isId)).toBe(true);
  }
  await v3.keepAlive(instance, never);
  await v3.reportInstanceProperties(instance, [], never);
  await v3.fetchConfiguration('orders', '', never);
  parseFrame(input);
  readFields(input);
}

function isId(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value < 2 ** 31;
}

/** A status that was made of the input is one line, of a code that gRPC knows. */
function readFields(input: Buffer): void {
  const word = input.toString('latin1');
  const headers: IncomingHttpHeaders = {
    ':status': chance.of(['200', '404', '503', 'NaN']),
    'content-type': 'application/grpc',
  };
  const trailers: IncomingHttpHeaders = { 'grpc-status': chance.of(['0', '7', '99', word]), 'grpc-message': word };
  const { name, details } = readStatus({ headers, trailers, rstCode: chance.below(20), isConnectionLost: false });
  expect(toOutcome(name, details).reason).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
}

/** These may throw, an `Error` and nothing else: the ones who call them catch it. */
const throwing: readonly ((input: Buffer) => unknown)[] = [
  decodeCommands,
  decodeKeyInts,
  decodeEndpoints,
  (input) => v2Protocol.identityProbe('orders').check(input, someNames()),
  (input) =>
    v3Protocol.identityProbe().check(input, { protocol: 'v3', epoch: 1, service: '', instance: '', endpoint: String }),
];

describe(`what reads the wire, given ${COUNT} inputs of seed ${SEED}`, () => {
  it('never throws into its caller, takes no id that is none, and keeps to its budgets', async () => {
    const heldBefore = heldBytes();
    let slowestMs = 0;
    for (let number = 0; number < COUNT; number++) {
      const input = makeInput();
      const before = process.cpuUsage();
      try {
        await readEverywhere(input);
        for (const read of throwing) mayThrow(() => read(input));
      } catch (error) {
        throw new Error(`seed ${SEED}, input ${number}: ${input.toString('hex').slice(0, 400)}`, { cause: error });
      }
      const { user, system } = process.cpuUsage(before);
      slowestMs = Math.max(slowestMs, (user + system) / 1_000);
    }
    expect(slowestMs).toBeLessThan(SLOWEST_MS);
    expect(heldBytes() - heldBefore).toBeLessThan(LEFT_BEHIND);
    expect(Object.prototype).not.toHaveProperty('key');
  }, 600_000);
});

function mayThrow(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof Error)) throw new Error('what was thrown is no Error', { cause: error });
  }
}
