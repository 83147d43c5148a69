const BUCKET_MS = 100;
const BUCKETS_A_SECOND = 1_000 / BUCKET_MS;

/** Events, by the moment at which they came. */
export class Rate {
  private readonly buckets: number[] = [];

  add(at: number): void {
    const bucket = Math.floor(at / BUCKET_MS);
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1;
  }

  /** How many came from `from` on, up to `to`, in milliseconds. */
  count(from: number, to: number): number {
    return this.between(from, to).reduce((sum, count) => sum + count, 0);
  }

  /** The most in any second. */
  peak(from: number, to: number): number {
    const counts = this.between(from, to);
    let most = 0;
    for (let at = 0; at < counts.length; at++) {
      const sum = counts.slice(at, at + BUCKETS_A_SECOND).reduce((all, count) => all + count, 0);
      most = Math.max(most, sum);
    }
    return most;
  }

  private between(from: number, to: number): number[] {
    const first = Math.floor(from / BUCKET_MS);
    return Array.from({ length: Math.ceil((to - from) / BUCKET_MS) }, (_, at) => this.buckets[first + at] ?? 0);
  }
}

const HEARTBEATS: ReadonlySet<string> = new Set(['doPing', 'keepAlive']);

/** What arrives at the backend. */
export class Traffic {
  readonly connects = new Rate();
  readonly heartbeats = new Rate();
  /** All calls but heartbeats: ids, properties, verifications, questions which protocol it speaks. */
  readonly registrations = new Rate();
  readonly calls = new Rate();

  call(at: number, path: string, isKnown: boolean): void {
    this.calls.add(at);
    const isHeartbeat = isKnown && HEARTBEATS.has(path.slice(path.lastIndexOf('/') + 1));
    (isHeartbeat ? this.heartbeats : this.registrations).add(at);
  }
}
