import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock';
import { Log, type LineListener } from '../../src/base/log';
import type { Segment } from '../../src/model/segment';
import type { BlockResult } from '../../src/spool/file-delivery';
import type { DeliveryFate, SegmentSource, SpoolCodec, SpoolTransport } from '../../src/spool/ports';
import { Spool, type SpoolParts, type SpoolSettings } from '../../src/spool/spool';
import { numbered, numberOf } from '../export/numbered-segments';

/** Segments are numbers here, of as many bytes as a test wants. */
export function numberCodec(bytes = 9): SpoolCodec {
  return {
    maxSize: () => bytes + 5,
    encode: (buf, pos, segment) => {
      buf.fill(0, pos, pos + 5 + bytes);
      buf.writeUInt32BE(bytes, pos + 1);
      buf.writeUInt32BE(numberOf(segment), pos + 5);
      return pos + 5 + bytes;
    },
    decode: (record) => numbered(record.readUInt32BE(0)),
  };
}

/** A backend that notes what it gets, and answers as it is told. */
export class FakeTransport implements SpoolTransport {
  isReady = false;
  readonly received: { readonly number: number; readonly by: string }[] = [];
  fate: (numbers: readonly number[]) => DeliveryFate | Promise<DeliveryFate> = () => 'stored';

  async deliver(segments: Iterable<Segment>, { service, instance }: SegmentSource): Promise<DeliveryFate> {
    const numbers = [...segments].map(numberOf);
    const fate = await this.fate(numbers);
    if (fate === 'stored') for (const number of numbers) this.received.push({ number, by: `${service}/${instance}` });
    return fate;
  }

  get numbers(): number[] {
    return this.received.map(({ number }) => number);
  }
}

export interface OpenSpool {
  readonly spool: Spool;
  readonly transport: FakeTransport;
  readonly results: Partial<Record<BlockResult, number>>;
  readonly lines: string[];
  /** Hands over this many segments, counted on; every other one encoded, as it comes from memory. */
  append(count: number): void;
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'spool-'));
}

export function settingsFor(directory: string, changed: Partial<SpoolSettings> = {}): SpoolSettings {
  return {
    directory: join(directory, 'spool'),
    maxBytes: 64 * 1024 * 1024,
    maxAgeMs: 86_400_000,
    seal: { bytes: 64 * 1024, count: 4, ageMs: 50 },
    adopt: 'first',
    drop: 'oldest',
    fsync: 'never',
    ...changed,
  };
}

export function openSpool(options: Partial<SpoolParts> & { readonly settings: SpoolSettings }): OpenSpool {
  const transport = new FakeTransport();
  const results: Partial<Record<BlockResult, number>> = {};
  const lines: string[] = [];
  const noteLine: LineListener = (level, line) => void lines.push(`${level}: ${line}`);
  const codec = options.codec ?? numberCodec();
  const silent = (): void => undefined;
  const log = new Log(systemClock, { error: silent, warn: silent, info: silent, debug: silent });
  log.onEntry(noteLine);
  const spool = new Spool({
    delivery: 'at-most-once',
    source: { service: 'orders', instance: 'orders-1' },
    clock: systemClock,
    log,
    codec,
    transport,
    onResult: (count, result) => (results[result] = (results[result] ?? 0) + count),
    leaseMs: 200,
    ...options,
  });
  let next = 1;
  spool.start();
  return {
    spool,
    transport,
    results,
    lines,
    append: (count) => {
      for (let left = count; left > 0; left--) {
        const segment = numbered(next++);
        expect(spool.append(left % 2 === 0 ? encoded(segment, codec) : segment)).toBe('spooled');
      }
    },
  };
}

function encoded(segment: Segment, codec: SpoolCodec): Buffer {
  const bytes = Buffer.alloc(codec.maxSize(segment));
  return bytes.subarray(0, codec.encode(bytes, 0, segment));
}

export function namesIn({ directory }: SpoolSettings, ending: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith(ending))
    .sort();
}

/** As if the process had been killed: its owner file names a process that is no more. */
export function bury(settings: SpoolSettings, key: string): void {
  const path = join(settings.directory, `${key}.owner`);
  const owner = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify({ ...owner, processStart: '1' }));
}

export function removeDirectory(path: string): void {
  chmodSync(path, 0o700);
  rmSync(path, { recursive: true, force: true });
}
