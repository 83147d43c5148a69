import { peerOf } from './data-spans';
import { RedisSpans } from './redis-spans';
import { patch, together, type Patched, type Undo } from '../patch';
import { tracedNatively } from '../traced-natively';
import { errorMessage } from '../../base/text';
import { context, untraced } from '../../tracing/context';
import type { InstrumentOptions } from '../options';
import type { Tracer } from '../../tracing/tracer';

interface Redis {
  readonly options?: { readonly host?: unknown; readonly port?: unknown; readonly path?: unknown };
}

type Settle = (value: unknown) => unknown;

interface Command {
  readonly name?: unknown;
  readonly args?: readonly unknown[];
  /** Own properties, by which the client settles the command's promise. */
  resolve?: Settle;
  reject?: Settle;
  [SENT]?: boolean;
}

type SendCommand = (this: Redis, command: Command, stream: unknown, node: unknown) => unknown;

/** On a command that has come to a client; one that waits for the connection comes again. */
const SENT = Symbol('skyanchor.sent');

export function ioredisCommands(tracer: Tracer, options: InstrumentOptions) {
  const spans = new RedisSpans(tracer, options);
  return {
    patchClient: (exports: unknown): Undo => {
      const { default: Client = exports } = exports as { readonly default?: unknown };
      const { prototype } = Client as { readonly prototype: object };
      const undo = patch<SendCommand>(prototype, 'sendCommand', (layer) => sendCommand(layer, spans));
      return together([undo, tracedNatively('ioredis')]);
    },
  };
}

function sendCommand(layer: Patched<SendCommand>, spans: RedisSpans): SendCommand {
  return function sendCommand(command, stream, node) {
    if (layer.isOn) watch(this, command, spans);
    return layer.below.call(this, command, stream, node);
  };
}

function watch({ options }: Redis, command: Command, spans: RedisSpans): void {
  try {
    if (command[SENT] === true) return;
    command[SENT] = true;
    const { resolve, reject } = command;
    if (typeof resolve !== 'function' || typeof reject !== 'function') return;
    const parent = context.getStore();
    if (parent === untraced) return;
    const peer = peerOf(options?.path ?? options?.host, options?.port ?? 6379);
    const span = spans.openCommand(command.name, command.args?.[0], peer, parent);
    if (!span) return;
    command.resolve = (value) => {
      try {
        return resolve(value);
      } finally {
        spans.end(span);
      }
    };
    command.reject = (error) => {
      if (isRedirection(error)) {
        spans.end(span);
        command[SENT] = false;
      } else {
        spans.fail(span, error);
      }
      return reject(error);
    };
  } catch (error) {
    spans.complain(error);
  }
}

/** A cluster sends the command once more, to another node. */
function isRedirection(error: unknown): boolean {
  return /^(MOVED|ASK) \d/.test(errorMessage(error));
}
