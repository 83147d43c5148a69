/** Stands still, and the whole process with it: for its very end, when nothing runs any more that could be waited for. */
export function blockFor(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
