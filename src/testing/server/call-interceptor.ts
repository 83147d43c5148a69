import { type Metadata, status } from '@grpc/grpc-js';
import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../base/clock';
import type { Faults, RefusalCode } from '../faults';
import type { NodeRecorder } from '../record/node-recorder';
import type { CallLog } from '../record/recorder';
import type { CallRecord } from '../record/records';

/** How a call ends: by a message, or by a status other than OK. */
export type ServerAnswer =
  | { readonly type: 'message'; readonly bytes: Buffer }
  | { readonly type: 'refusal'; readonly code: RefusalCode; readonly message: string };

export function refusal(code: RefusalCode, message = ''): ServerAnswer {
  return { type: 'refusal', code, message };
}

/** Hands an answer to grpc-js. */
export function reply(
  answer: ServerAnswer,
  callback: (error: { code: status; details: string } | null, bytes?: Buffer) => void,
): void {
  if (answer.type === 'message') callback(null, answer.bytes);
  else callback({ code: status[answer.code], details: answer.message });
}

interface CallInterceptorOptions {
  readonly node: number;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly nodeRecorder: NodeRecorder;
  readonly token: string | undefined;
  /** Tells all connections to go; cuts them after `graceMs`. */
  goaway(graceMs: number): void;
}

/** `pass`: handle the call. `hang`: never answer it. Otherwise the answer, whatever was asked. */
export type Admission = { readonly type: 'pass' } | { readonly type: 'hang' } | ServerAnswer;

/** What is asked for. */
interface Asked extends Pick<CallRecord, 'method' | 'path'> {
  /** This backend does not have it. */
  readonly isLacking?: boolean;
}

const GRACE_MS = 1_000;
const GARBAGE = Buffer.alloc(5, 0xff);

/** Where every call comes by before it is handled: it is noted, scripted faults meet it, the token is asked for. */
export class CallInterceptor {
  constructor(private readonly options: CallInterceptorOptions) {}

  enter(asked: Asked, metadata: Metadata): { readonly log: CallLog; readonly passage: Promise<Admission> } {
    const authentication = text(metadata, 'authentication');
    const log = this.options.nodeRecorder.call({
      method: asked.method,
      path: asked.path,
      agentVersion: text(metadata, 'agent-version'),
      authentication,
    });
    return { log, passage: this.pass(asked, authentication) };
  }

  private async pass({ method, isLacking = false }: Asked, authentication: string | null): Promise<Admission> {
    const { faults, node, clock, token } = this.options;
    const fault = faults.meet(method, node, isLacking);
    switch (fault?.type) {
      case 'refuse':
        return refusal(fault.code ?? 'UNAVAILABLE', fault.message ?? 'refused by a scripted fault');
      case 'hang':
        return { type: 'hang' };
      case 'drop':
        return { type: 'message', bytes: Buffer.alloc(0) };
      case 'garbage':
        return { type: 'message', bytes: Buffer.from(fault.bytes ?? GARBAGE) };
      case 'goaway':
        this.options.goaway(fault.graceMs ?? GRACE_MS);
        break;
      case 'delay':
        await new Promise<void>((resolve) => clock.after(fault.ms, resolve));
        break;
      case undefined:
    }
    // A real server asks for the token at its own methods only.
    return isLacking || token === undefined || isSame(token, authentication ?? '')
      ? { type: 'pass' }
      : refusal('PERMISSION_DENIED', 'the token is missing or differs');
  }
}

function text(metadata: Metadata, key: string): string | null {
  const value = metadata.get(key)[0];
  return value === undefined ? null : String(value);
}

function isSame(expected: string, given: string): boolean {
  const [left, right] = [Buffer.from(expected), Buffer.from(given)];
  return left.length === right.length && timingSafeEqual(left, right);
}
