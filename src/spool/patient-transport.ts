import type { Clock, Timer } from '../base/clock';
import type { BlockWriter } from './block-writer';
import type { BlockTransport, DeliveryFate } from './ports';

interface PatientTransportOptions {
  readonly clock: Clock;
  readonly transport: BlockTransport;
  /** What waits for the disk. */
  readonly waiting: Pick<BlockWriter, 'hasRoom' | 'isCrowded' | 'isEased'>;
  /** Writes what waits, as far as the disk takes it. Never rejects. @param goesOn asked before each block */
  write(goesOn: () => boolean): Promise<void>;
}

/** A backend has so long to take a block before what waits meanwhile goes to the disk. */
const PATIENCE_MS = 500;
/** After a backend that took nothing, what waits is written for so long. */
const WRITE_MS = 500;

/** The way to a backend that may know us and yet take nothing, or less than comes: what waits meanwhile goes to the disk. */
export class PatientTransport implements BlockTransport {
  private onCrowded: () => void = () => undefined;

  constructor(private readonly options: PatientTransportOptions) {}

  /** Sealed blocks have become too many while the backend takes its time. */
  crowd(): void {
    this.onCrowded();
  }

  async deliver(...block: Parameters<BlockTransport['deliver']>): Promise<DeliveryFate> {
    const { clock, transport } = this.options;
    const answer = transport.deliver(...block);
    let writeUntil = Infinity;
    const isOver = (fate?: DeliveryFate): boolean => {
      // What one that takes nothing has left is written for some time, what another may take at once is not.
      writeUntil = fate === 'untouched' ? clock.elapsed() + WRITE_MS : -Infinity;
      return true;
    };
    const answered = answer.then(isOver, () => isOver());
    await this.patience(answered);
    for (;;) {
      const crowded = this.crowded();
      await this.relieve(() => clock.elapsed() < writeUntil);
      if (await Promise.race([answered, crowded])) return answer;
    }
  }

  /** Resolves when it has answered, or should have: one that does so soon is not to wait for the disk. Full memory is for the disk at once. */
  private async patience(answered: Promise<unknown>): Promise<void> {
    const { clock, waiting } = this.options;
    if (!waiting.hasRoom) return;
    let timer: Timer | undefined;
    const isOver = new Promise<void>((resolve) => {
      timer = clock.after(PATIENCE_MS, resolve);
      this.onCrowded = () => {
        if (!waiting.hasRoom) resolve();
      };
    });
    await Promise.race([answered, isOver]);
    timer?.cancel();
  }

  /** Resolves when sealed blocks have become too many. */
  private crowded(): Promise<false> {
    return new Promise((resolve) => {
      this.onCrowded = () => resolve(false);
    });
  }

  private async relieve(goesOn: () => boolean): Promise<void> {
    const { waiting } = this.options;
    if (waiting.isCrowded) await this.options.write(() => !waiting.isEased && goesOn());
  }
}
