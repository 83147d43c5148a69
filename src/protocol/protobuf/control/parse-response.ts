import { errorMessage } from '../../../base/text';
import { failed, ok, retryable, type Outcome } from '../../../base/outcome';
import { AnswerTooLarge } from '../../../transport/answer-limits';

/**
 * An answer that cannot be read is a refusal by something that does not speak the protocol. One that is too large is as
 * good as none, and its sender is left.
 */
export function parseResponse<T>(
  answer: Outcome<Buffer>,
  read: (bytes: Buffer) => T,
  leave: (reason: string) => void,
): Outcome<T> {
  if (answer.status !== 'ok') return answer;
  try {
    return ok(read(answer.value));
  } catch (error) {
    if (!(error instanceof AnswerTooLarge)) return failed('INTERNAL', 'the answer cannot be read');
    const reason = `the answer is too large: ${errorMessage(error)}`;
    leave(reason);
    return retryable(reason);
  }
}
