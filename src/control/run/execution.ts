import type { Clock, Timer } from '../../base/clock';
import { errorMessage } from '../../base/text';
import type { Verb, VerbCall } from './verb';

export interface ExecutionResult {
  readonly state: 'done' | 'failed';
  readonly detail: string;
  readonly tookMs: number;
}

/** One run of a verb: ends when the handler does, throws, or its time is up. Never throws, never rejects. */
export class Execution {
  readonly result: Promise<ExecutionResult>;
  private readonly abort = new AbortController();
  private readonly startedAt: number;
  private timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    verb: Verb,
    call: Omit<VerbCall, 'signal'>,
  ) {
    this.startedAt = clock.elapsed();
    const late = new Promise<ExecutionResult>((resolve) => {
      this.timer = clock.after(verb.timeoutMs, () => {
        resolve(this.resultOf('failed', 'timeout'));
        this.abort.abort();
      });
    });
    this.result = Promise.race([this.run(verb, call), late]).finally(() => this.timer?.cancel());
  }

  /** Tells the handler that nobody waits any more. */
  cancel(): void {
    this.timer?.cancel();
    this.abort.abort();
  }

  private async run(verb: Verb, call: Omit<VerbCall, 'signal'>): Promise<ExecutionResult> {
    try {
      const detail: unknown = await verb.run({ ...call, signal: this.abort.signal });
      return this.resultOf('done', typeof detail === 'string' ? detail : '');
    } catch (error) {
      return this.resultOf('failed', errorMessage(error));
    }
  }

  private resultOf(state: ExecutionResult['state'], detail: string): ExecutionResult {
    return { state, detail, tookMs: Math.round(this.clock.elapsed() - this.startedAt) };
  }
}
