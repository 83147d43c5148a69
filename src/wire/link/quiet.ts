import type { Socket } from 'node:net';

/** The socket never keeps the process alive, whoever asks for it, and never throws what nobody listens to. */
export function quiet<S extends Socket>(socket: S): S {
  socket.unref();
  // grpc-js refs its connection while a call is in flight. There is no option for that.
  socket.ref = () => socket;
  socket.on('error', () => undefined);
  return socket;
}
