import { executionAsyncResource } from 'node:async_hooks';
import type { Socket } from 'node:net';

/** What is registered here holds its value until the garbage collector has run once. */
const untilCollection = new FinalizationRegistry<object>(() => undefined);

/**
 * Keeps the native half of an HTTP/2 session for one garbage collection longer than the session itself.
 *
 * Node frees a native stream one turn of the event loop after it was destroyed, or leaves it to the collector. A stream
 * whose header block was never finished holds memory that is counted on the session. If the session is collected
 * first, `~Http2Session()` finds that memory and aborts the process: see `docs/node-http2-report.md`.
 *
 * Neither Node nor grpc-js hands the native session out. But it is the resource of every callback that it makes, and
 * listeners on the socket are added and removed in some of them: when the settings arrive and when the session ends.
 *
 * @returns looks for the session in the callback that runs now
 */
export function keepSession(socket: Socket): () => void {
  let session: object | undefined;
  const look = (): void => {
    const resource = executionAsyncResource();
    // A resource of the application's or of a native addon may have no constructor.
    const { constructor } = resource as { constructor?: { name?: unknown } };
    if (constructor?.name === 'Http2Session') session = resource;
  };
  socket.on('newListener', look).on('removeListener', look);
  socket.once('close', () => {
    const held = session;
    // A turn later the streams are freed, or left to the next collection.
    if (held) setImmediate(() => untilCollection.register({}, held));
  });
  return look;
}
