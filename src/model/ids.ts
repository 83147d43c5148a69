/**
 * An id of three numbers, the third being `millis * 10000 + sequence`: every id that this process makes, and a foreign
 * one of that form. That product exceeds 2^53, where doubles of one millisecond collapse (10,000 sequence numbers give
 * 5,001 ids), so its two factors stay apart until they are encoded.
 */
export class CompactId {
  constructor(
    readonly first: number,
    readonly second: number,
    readonly millis: number,
    /** 0 to 9999. */
    readonly sequence: number,
  ) {}

  toString(): string {
    return `${this.first}.${this.second}.${this.millis}${String(this.sequence).padStart(4, '0')}`;
  }
}

/** An id that came from elsewhere: any three int64. */
export class Int64Id {
  constructor(readonly parts: readonly [bigint, bigint, bigint]) {}

  toString(): string {
    return this.parts.join('.');
  }
}

/** An id of v3 that is not three int64: whatever another agent made. v2 cannot carry it. */
export class OpaqueId {
  constructor(private readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** What both protocols can carry. */
export type NumericId = CompactId | Int64Id;

export type Id = NumericId | OpaqueId;
