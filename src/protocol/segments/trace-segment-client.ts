import type { Clock } from '../../base/clock';
import { failed, ok, type Outcome, retryable } from '../../base/outcome';
import { errorMessage } from '../../base/text';
import type { ExportTarget, SegmentSender, SegmentStream } from '../../export/ports';
import type { Dialect, ProtocolName } from '../../model/dialect';
import { matchesDialect, type Names } from '../../model/names';
import type { BackendConnection } from '../../transport/backend-connection';
import type { BackendOptions } from '../../transport/backend-options';
import { shouldFailOver, toOutcome } from '../../transport/call/grpc-status';
import { roomOf, StreamCall, writeSync } from '../../transport/call/stream-call';
import { CALL_MS, sessionCall } from '../../transport/call/unary-call';
import type { Connector } from '../../transport/connector';
import type { IdleProcessGuard } from '../../transport/socket-guards';
import { PROTOCOLS } from '../detect';
import { parseResponse } from '../protobuf/control/reader';
import type { IdentityProbe } from '../protocol';
import { v2Protocol } from '../v2/protocol';
import { v3Protocol } from '../v3/protocol';

interface CollectStreamParts {
  readonly clock: Clock;
  readonly idleGuard: IdleProcessGuard;
  readonly signal: AbortSignal;
}

/** A `collect` of either protocol. */
class CollectStream implements SegmentStream {
  private hasWritten = false;
  private readonly onAbort = (): void => this.call.cancel('CANCELLED', 'given up');

  constructor(
    private readonly call: StreamCall,
    private readonly connection: BackendConnection,
    private readonly parts: CollectStreamParts,
  ) {
    parts.signal.addEventListener('abort', this.onAbort);
    void call.ended.then(() => parts.signal.removeEventListener('abort', this.onAbort));
  }

  /** `false`: the backend saw none of it. */
  async write(bytes: Buffer): Promise<boolean> {
    if (this.call.isOver) return false;
    this.hasWritten = true;
    const unwatch = this.parts.idleGuard.guard(() => this.connection.fail('nothing else kept the process up'));
    await this.within(this.call.write(bytes));
    unwatch();
    return true;
  }

  async end(): Promise<Outcome<undefined>> {
    this.call.end();
    const { name, details, isAnswered, isUntouched } = await this.within(this.call.ended);
    if (shouldFailOver(name)) this.connection.fail(`collect: ${name}`);
    if (name === 'OK') return ok(undefined);
    const outcome = toOutcome(name, details);
    if (isUntouched) return retryable(outcome.reason);
    // What got lost on the way may have been read before.
    if (!this.hasWritten) return outcome;
    const failure = failed(name, outcome.reason);
    return isAnswered ? failure : { ...failure, isUnanswered: true };
  }

  /** The backend has so long to take more, or to answer. */
  private async within<T>(waiting: Promise<T>): Promise<T> {
    const { clock } = this.parts;
    // No `limit`: an AbortController costs as much as encoding dozens of segments.
    const giveUp = (): void => this.call.cancel('DEADLINE_EXCEEDED', `no answer within ${CALL_MS} ms`);
    const timer = clock.after(CALL_MS, giveUp);
    const result = await waiting;
    timer.cancel();
    return result;
  }
}

/**
 * Sends segments in the words of the backend that is connected, over the connection's own session. It never connects: that is
 * the registrar's to do.
 */
export class TraceSegmentClient implements SegmentSender {
  private readonly probes: Readonly<Record<ProtocolName, IdentityProbe<Names>>>;
  /** The connection, and the epoch, in which the backend was seen to know us as we think. */
  private verified = { connection: 0, epoch: -1 };

  constructor(
    private readonly connector: Connector,
    private readonly options: BackendOptions,
  ) {
    this.probes = { v2: v2Protocol.identityProbe(options.serviceName), v3: v3Protocol.identityProbe() };
  }

  /** What segments are exported with as long as the backend knows us by these names. */
  targetFor(names: Names): ExportTarget {
    return { sender: this, codec: PROTOCOLS[names.protocol].codec, names };
  }

  async open(names: Names, signal: AbortSignal): Promise<Outcome<SegmentStream>> {
    const connection = this.connector.current;
    if (!connection?.dialect) return retryable('not connected');
    if (!matchesDialect(names, connection.dialect)) return retryable('not registered');
    return this.openOn(names, connection, connection.dialect, signal);
  }

  /** Whether the backend of another connection than the one of now knows us by the names of now. */
  async verify(connection: BackendConnection, dialect: Dialect, signal: AbortSignal): Promise<Outcome<undefined>> {
    const names = this.options.names();
    return matchesDialect(names, dialect)
      ? this.ask(names, connection, dialect, signal)
      : retryable('not registered there');
  }

  writeNow(names: Names, take: (maxBytes: number) => Buffer): void {
    const connection = this.connector.current;
    if (!connection?.dialect || !matchesDialect(names, connection.dialect)) return;
    // The first stream asks anew, but a process may end before it: then what the registration was told has to do.
    if (!this.isVerified(connection, names) && this.options.confirmedOn() !== connection.number) return;
    writeSync(connection, this.probes[names.protocol].pathOf(connection.dialect), take(roomOf(connection)));
  }

  private async openOn(
    names: Names,
    connection: BackendConnection,
    dialect: Dialect,
    signal: AbortSignal,
  ): Promise<Outcome<SegmentStream>> {
    const verdict = await this.ask(names, connection, dialect, signal);
    if (verdict.status !== 'ok') return verdict;
    if (signal.aborted || connection.closing.aborted)
      return retryable(errorMessage((signal.aborted ? signal : connection.closing).reason));
    try {
      const { connector } = this;
      const { clock } = this.options;
      const call = new StreamCall(connection, this.probes[names.protocol].pathOf(dialect));
      return ok(new CollectStream(call, connection, { clock, idleGuard: connector.idleGuard, signal }));
    } catch (error) {
      return retryable(errorMessage(error));
    }
  }

  private async ask(
    names: Names,
    connection: BackendConnection,
    dialect: Dialect,
    signal: AbortSignal,
  ): Promise<Outcome<undefined>> {
    const { epoch } = names;
    if (this.isVerified(connection, names)) return ok(undefined);
    const probe = this.probes[names.protocol];
    const answer = await sessionCall(connection, probe.request(names, dialect), this.options.clock, signal);
    const read = parseResponse(
      answer,
      (bytes) => probe.check(bytes, names),
      (reason) => connection.fail(reason),
    );
    if (read.status !== 'ok') return read;
    const doubt = read.value;
    if (!doubt) {
      this.verified = { connection: connection.number, epoch };
      return ok(undefined);
    }
    const reason = `${connection.address}: ${doubt.reason}`;
    this.options.onIdentityMismatch(reason, epoch);
    return doubt.isOtherService ? failed('FOREIGN_IDS', reason) : retryable(reason);
  }

  private isVerified(connection: BackendConnection, { epoch }: Names): boolean {
    return this.verified.connection === connection.number && this.verified.epoch === epoch;
  }
}
