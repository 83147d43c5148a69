/**
 * The largest answer to a call, inflated. The largest that a backend has reason to send is that to a full batch of
 * names: see `MAX_BATCH_BYTES` of the dictionary.
 */
export const MAX_ANSWER_BYTES = 64 * 1024;

/** OAP sends one command, or none. */
export const MAX_COMMANDS = 64;
/** Limits one command: a configuration has one for each setting. */
export const MAX_ARGUMENTS = 256;
/** Limits one mapping: we ask for a hundred names at a time. */
export const MAX_PAIRS = 1_000;
export const MAX_TEXT_BYTES = 16 * 1024;

/** The answer is larger than any that the protocol knows: its sender is better left. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';
}
