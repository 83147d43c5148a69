import { failed, ok, type Outcome } from '../../base/outcome';

/** An answer that cannot be read is a refusal by something that does not speak the protocol. */
export function understood<T>(answer: Outcome<Buffer>, read: (bytes: Buffer) => T): Outcome<T> {
  if (answer.status !== 'ok') return answer;
  try {
    return ok(read(answer.value));
  } catch {
    return failed('INTERNAL', 'the answer cannot be read');
  }
}
