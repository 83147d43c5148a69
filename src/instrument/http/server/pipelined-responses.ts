import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Responses that wait behind another one on their connection (HTTP pipelining). They have no socket yet, so no event
 * tells them when it closes.
 */
export class PipelinedResponses<R extends ServerResponse> {
  private readonly waiting = new WeakMap<Socket, Set<R>>();
  private isUsed = false;

  constructor(private readonly closed: (response: R) => void) {}

  add(response: R): void {
    const socket = response.req.socket as Socket | null;
    if (!socket) return;
    this.isUsed = true;
    const known = this.waiting.get(socket);
    if (known) {
      known.add(response);
      return;
    }
    const responses = new Set([response]);
    this.waiting.set(socket, responses);
    // One listener a connection, however many wait on it: more than ten would be warned of.
    socket.once('close', () => responses.forEach(this.closed));
  }

  remove(response: R): void {
    if (this.isUsed) this.waiting.get(response.req.socket)?.delete(response);
  }
}
