import type { Cursor } from './cursor';

/**
 * The fields of a message that this agent wrote, by their numbers. There are two kinds: whole numbers within the safe
 * integers, and what has its length before it. Throws on what it cannot read.
 */
export class Fields {
  private readonly numbers = new Map<number, number>();
  private readonly pieces = new Map<number, Cursor[]>();

  constructor(message: Cursor) {
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
  one(field: number): Cursor {
    const [piece] = this.all(field);
    if (piece === undefined) throw new Error(`field ${field} is not there`);
    return piece;
  }

  all(field: number): readonly Cursor[] {
    return this.pieces.get(field) ?? [];
  }

  private add(field: number, piece: Cursor): void {
    const pieces = this.pieces.get(field);
    if (pieces) pieces.push(piece);
    else this.pieces.set(field, [piece]);
  }
}
