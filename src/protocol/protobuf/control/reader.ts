import type { Reader } from 'protobufjs/minimal';
import { modules } from '../../../base/lazy';
import { failed, ok, type Outcome, retryable } from '../../../base/outcome';
import { errorMessage } from '../../../base/text';
import { AnswerTooLarge, MAX_ARGUMENTS, MAX_COMMANDS, MAX_TEXT_BYTES } from '../../../transport/answer-limits';

const TWO_28 = 2 ** 28;

/**
 * Walks through a stretch of bytes that this agent wrote. Not the `Reader` of protobufjs: past 2^53 that one rounds
 * where there is no `Long`, and it takes a number cut short for a whole one. Throws at what it cannot read.
 */
export class MessageReader {
  constructor(
    private readonly bytes: Buffer,
    private at = 0,
    private readonly end = bytes.length,
  ) {}

  get isAtEnd(): boolean {
    return this.at === this.end;
  }

  /** A varint of whichever kind, sign-extended from 64 bits; within the safe integers. */
  number(): number {
    const low = this.group();
    return this.goesOn() ? this.high() * TWO_28 + low : low;
  }

  /** An int64. */
  bigint(): bigint {
    const low = this.group();
    return this.goesOn() ? BigInt(this.high()) * BigInt(TWO_28) + BigInt(low) : BigInt(low);
  }

  /** What has its length before it. A stretch and no `Buffer`: to make one of each would cost more than all else. */
  piece(): MessageReader {
    const length = this.number();
    const from = this.at;
    if (length < 0 || length > this.end - from) throw new Error('a message is cut short');
    this.at = from + length;
    return new MessageReader(this.bytes, from, this.at);
  }

  /** All that is left, as text. Halves of pairs are U+FFFD by now. */
  text(): string {
    return this.bytes.toString('utf8', this.at, this.end);
  }

  /** All that is left; not a copy. */
  rest(): Buffer {
    return this.bytes.subarray(this.at, this.end);
  }

  /** All but the lowest 28 of 64 bits. */
  private high(): number {
    const middle = this.group();
    if (!this.goesOn()) return middle;
    const top = this.group();
    if (this.goesOn() || top > 0xff) throw new Error('a number has more than 64 bits');
    return ((top << 24) >> 24) * TWO_28 + middle;
  }

  /** Four bytes of a number, so 28 bits, or what there is of it. */
  private group(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      if (this.at === this.end) throw new Error('a number is cut short');
      const byte = this.bytes[this.at++] as number;
      value |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    return value;
  }

  /** Whether the number of which a group was just read has more of them. */
  private goesOn(): boolean {
    return (this.bytes[this.at - 1] as number) > 127;
  }
}

/**
 * The fields of a message that this agent wrote, by their numbers. There are two kinds: whole numbers within the safe
 * integers, and what has its length before it. Throws on what it cannot read.
 */
export class Fields {
  private readonly numbers = new Map<number, number>();
  private readonly pieces = new Map<number, MessageReader[]>();

  constructor(message: MessageReader) {
    while (!message.isAtEnd) {
      const tag = message.number();
      const field = Math.floor(tag / 8);
      if (field < 1) throw new Error('a field has no number');
      if ((tag & 7) === 0) this.numbers.set(field, message.number());
      else if ((tag & 7) === 2) this.add(field, message.piece());
      else throw new Error(`field ${field} is of a kind that is never written`);
    }
  }

  /** A number, an enum or a time; 0 where it was left out. */
  number(field: number): number {
    return this.numbers.get(field) ?? 0;
  }

  isSet(field: number): boolean {
    return this.number(field) !== 0;
  }

  text(field: number): string {
    return this.pieces.get(field)?.[0]?.text() ?? '';
  }

  /** What is always there, if the message is whole. */
  one(field: number): MessageReader {
    const [piece] = this.all(field);
    if (piece === undefined) throw new Error(`field ${field} is not there`);
    return piece;
  }

  all(field: number): readonly MessageReader[] {
    return this.pieces.get(field) ?? [];
  }

  private add(field: number, piece: MessageReader): void {
    const pieces = this.pieces.get(field);
    if (pieces) pieces.push(piece);
    else this.pieces.set(field, [piece]);
  }
}

/** Every message in the field `wanted`. Throws on what is no protobuf, as all of these do, and where there are too many. */
export function eachMessage(bytes: Buffer, wanted: number, max: number, read: (message: Reader) => void): void {
  const reader = modules.protobuf().Reader.create(bytes);
  let count = 0;
  eachField(reader, (field, wire) => {
    if (field !== wanted || wire !== 2) {
      reader.skipType(wire);
      return;
    }
    if (++count > max) throw new AnswerTooLarge(`more than ${max} messages`);
    read(readMessage(reader));
  });
}

/** The message that is the value of the field just met. */
function readMessage(reader: Reader): Reader {
  return modules.protobuf().Reader.create(reader.bytes());
}

export function eachField(reader: Reader, read: (field: number, wire: number) => void): void {
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === 0) throw new Error('a field has no number');
    read(tag >>> 3, tag & 7);
  }
}

/** Not the reader's own `string`: that takes a text cut short for a whole one. Halves of pairs become U+FFFD. */
export function readText(reader: Reader): string {
  const bytes = reader.bytes();
  if (bytes.length > MAX_TEXT_BYTES) throw new AnswerTooLarge(`a text of more than ${MAX_TEXT_BYTES} bytes`);
  return Buffer.from(bytes).toString();
}

/** Not the reader's own `int32`: that cuts a larger number down to one that may be the id of another name. 0: it is no int32. */
export function readInt32(reader: Reader): number {
  const from = reader.pos;
  reader.skip();
  const value = new MessageReader(Buffer.from(reader.buf.subarray(from, reader.pos))).number();
  return value === (value | 0) ? value : 0;
}

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

/** What a backend wants done; alike in both protocols. */
interface BackendCommand {
  readonly name: string;
  /** In order; a key may repeat. */
  readonly args: readonly (readonly [key: string, value: string])[];
}

/** `Commands`. Throws on what is no protobuf, and `AnswerTooLarge`. */
export function decodeCommands(bytes: Buffer): readonly BackendCommand[] {
  const commands: BackendCommand[] = [];
  eachMessage(bytes, 1, MAX_COMMANDS, (command) => {
    let name = '';
    const args: [string, string][] = [];
    eachField(command, (field, wire) => {
      if (field === 1 && wire === 2) {
        name = readText(command);
      } else if (field === 2 && wire === 2) {
        let key = '';
        let value = '';
        const pair = readMessage(command);
        eachField(pair, (part, kind) => {
          if (part === 1 && kind === 2) key = readText(pair);
          else if (part === 2 && kind === 2) value = readText(pair);
          else pair.skipType(kind);
        });
        if (args.length === MAX_ARGUMENTS) throw new AnswerTooLarge(`more than ${MAX_ARGUMENTS} arguments`);
        args.push([key, value]);
      } else {
        command.skipType(wire);
      }
    });
    commands.push({ name, args });
  });
  return commands;
}
