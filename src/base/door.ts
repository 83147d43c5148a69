/**
 * Holds the process up for a bounded time, so that what was just traced can still be sent. Opening an open door does
 * not keep it open longer.
 */
export class Door {
  private timer: NodeJS.Timeout | undefined;

  openFor(ms: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
    }, ms);
  }

  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
