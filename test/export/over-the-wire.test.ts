import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { Log } from '../../src/base/log';
import { Reporter } from '../../src/export/reporter';
import { encodingByName } from '../../src/protocol/segments/spool-codec';
import { assertAccounted } from '../support/accounting';
import { until } from '../support/until';
import { Backends, clockOfSpeed, never } from '../support/wire/backends';
import { RawHttp2Server, respond } from '../support/wire/http2-server';
import { someNames } from '../support/wire/names';
import { entryAndExit } from '../support/wire/segments';

/** What a server does with one batch, and what becomes of the segments in it. */
interface Fate {
  readonly meet: (stream: ServerHttp2Stream) => unknown;
  /** They go again: the server has not looked at them, or said "not now". */
  readonly isKept?: boolean;
  readonly dropped?: 'fate-unknown' | 'refused';
}

const EMPTY = Buffer.alloc(5);
const COUNT = 20;
/** Ten seconds by the wall: the clock goes five times as fast, and a flush says `true` as soon as all is told. */
const PATIENCE_MS = 50_000;

const headersAlone = (headers: Record<string, string | number>) => (stream: ServerHttp2Stream) =>
  stream.resume().on('end', () => stream.respond(headers, { endStream: true }));

const GRPC = { ':status': 200, 'content-type': 'application/grpc' };

const FATES: Readonly<Record<string, Fate>> = {
  'resets the stream with REFUSED_STREAM': {
    meet: (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM),
    isKept: true,
  },
  'resets the stream with INTERNAL_ERROR': {
    meet: (stream) => stream.resume().on('end', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR)),
    dropped: 'fate-unknown',
  },
  'says goodbye, and that it has not looked at it': {
    meet: (stream) => stream.session?.goaway(constants.NGHTTP2_NO_ERROR, 1),
    isKept: true,
  },
  'says goodbye, and takes it to its end': {
    meet: (stream) => {
      stream.session?.goaway(constants.NGHTTP2_NO_ERROR, 3);
      respond(stream, EMPTY);
    },
  },
  'tears the connection down': {
    meet: (stream) => stream.once('data', () => stream.session?.destroy()),
    isKept: true,
  },
  'refuses it': { meet: headersAlone({ ...GRPC, 'grpc-status': '7' }), dropped: 'refused' },
  'is overloaded': { meet: headersAlone({ ...GRPC, 'grpc-status': '14' }), isKept: true },
  'is exhausted': { meet: headersAlone({ ...GRPC, 'grpc-status': '8' }), isKept: true },
  'aborts it': { meet: headersAlone({ ...GRPC, 'grpc-status': '10' }), isKept: true },
  'has an internal error': { meet: headersAlone({ ...GRPC, 'grpc-status': '13' }), dropped: 'fate-unknown' },
  'answers something that is no gRPC': {
    meet: headersAlone({ ':status': 200, 'content-type': 'text/html', 'grpc-status': '0' }),
    dropped: 'fate-unknown',
  },
  'ends without a status': { meet: headersAlone(GRPC), dropped: 'fate-unknown' },
};

describe('the reporter over a real connection', () => {
  let server: RawHttp2Server;
  let backends: Backends;
  let reporter: Reporter;
  /** How many streams the server was given, and how many at once at most. */
  let streams: number;
  let mostOpen: number;
  /** The number of segments in streams that it answered with OK. */
  let taken: number;
  let asked: IncomingHttpHeaders | undefined;
  let next: Fate['meet'] | undefined;

  beforeEach(async () => {
    server = new RawHttp2Server();
    backends = new Backends();
    streams = 0;
    mostOpen = 0;
    taken = 0;
    next = undefined;
    const open = new Set<ServerHttp2Stream>();
    server.onCollect = (stream, headers) => {
      asked = headers;
      streams++;
      open.add(stream);
      mostOpen = Math.max(mostOpen, open.size);
      stream.once('close', () => open.delete(stream));
      const meet = next ?? take;
      next = undefined;
      meet(stream);
    };
    const clock = clockOfSpeed(5);
    const backend = backends.to(await server.start(), { clock });
    const log = new Log(clock, { error: no, warn: no, info: no, debug: no });
    reporter = new Reporter({ clock, log, maxBuffer: 100_000, byName: () => encodingByName });
    const target = backend.segments.targetFor(someNames());
    const reconnect = (): unknown => backend.api.connect(never).then(() => reporter.use(target));
    backend.onDisconnect(() => {
      reporter.use(undefined);
      reconnect();
    });
    await reconnect();
  });

  afterEach(async () => {
    assertAccounted(reporter.counters());
    await reporter.stop();
    await backends.close();
    server.stop();
  });

  function take(stream: ServerHttp2Stream): void {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => (taken += messagesIn(Buffer.concat(chunks))));
    respond(stream, EMPTY);
  }

  function add(count: number): void {
    for (let n = 0; n < count; n++) reporter.add(entryAndExit());
  }

  it.each(Object.entries(FATES))('that %s', async (_what, { meet, isKept = false, dropped }) => {
    let met = 0;
    next = (stream) => {
      met++;
      meet(stream);
    };
    add(COUNT);
    expect(await reporter.flush(PATIENCE_MS)).toBe(true);
    expect(met).toBe(1);
    const lost = dropped ? COUNT : 0;
    expect(reporter.counters()).toEqual({
      ...{ accepted: COUNT, sent: COUNT - lost, dropped: lost, inFlight: 0, buffered: 0 },
      droppedBecause: dropped ? { [dropped]: COUNT } : {},
    });
    expect(taken).toBe(isKept ? COUNT : 0);
    // Whatever it was, it is over: what comes next arrives, and what was lost does not come along.
    const before = taken;
    add(COUNT);
    expect(await reporter.flush(PATIENCE_MS)).toBe(true);
    await until(() => taken === before + COUNT);
    expect(reporter.counters()).toMatchObject({ accepted: 2 * COUNT, sent: 2 * COUNT - lost });
    expect(mostOpen).toBe(1);
  });

  it('asks as gRPC has to be asked', async () => {
    add(1);
    await reporter.flush(PATIENCE_MS);
    expect(asked).toMatchObject({
      ...{ ':method': 'POST', ':path': '/TraceSegmentReportService/collect', 'content-type': 'application/grpc' },
      ...{ te: 'trailers', 'agent-version': '0.1.0' },
    });
  });

  it('waits for a server that reads slowly, and holds back what it does not take', async () => {
    let go: () => void = () => undefined;
    next = (stream) => {
      stream.pause();
      go = () => take(stream);
    };
    add(9_000);
    await until(() => streams === 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { inFlight, buffered } = reporter.counters();
    // One batch, of which the server's window has taken a part.
    expect(inFlight).toBeLessThanOrEqual(2_048);
    expect(inFlight + buffered).toBe(9_000);
    go();
    expect(await reporter.flush(PATIENCE_MS)).toBe(true);
    expect(taken).toBe(9_000);
    expect(mostOpen).toBe(1);
    // 2,048 at most on each.
    expect(streams).toBe(5);
  });
});

const no = (): void => undefined;

/** How many gRPC messages stand one behind the other. */
function messagesIn(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt32BE(at + 1)) count++;
  return count;
}
