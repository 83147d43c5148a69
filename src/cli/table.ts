import { parseIso } from '../base/time';

/** Cuts a text to a number of characters. The middle is left out: names differ at their ends. */
export function shorten(text: string, most: number): string {
  const characters = Array.from(text);
  if (characters.length <= most) return text;
  const kept = Math.max(0, most - 1);
  const atEnd = Math.floor(kept / 2);
  const start = characters.slice(0, kept - atEnd).join('');
  return `${start}…${atEnd > 0 ? characters.slice(-atEnd).join('') : ''}`;
}

export interface TableColumn {
  /** The title first. */
  readonly cells: readonly string[];
  /** Where the lines are too long it goes, the lowest number first. */
  readonly dropOrder?: 1 | 2;
  /** Where that does not help it is shortened, the lowest number first, but not below `least` characters. */
  readonly shrinkOrder?: { readonly turn: number; readonly least: number };
}

const GAP = '  ';
/** A cell may be longer, but then the others are not padded to its length: there may be very many. */
const WIDEST = 256;

/** The lines of a table, none longer than `width`. */
export function fitTable(columns: readonly TableColumn[], width: number): string[] {
  let fitted = columns;
  for (const turn of [1, 2] as const) {
    if (lengthOf(fitted) > width) fitted = fitted.filter(({ dropOrder }) => dropOrder !== turn);
  }
  const turns = fitted.map(({ shrinkOrder }) => shrinkOrder?.turn ?? 0).sort((a, b) => a - b);
  for (const turn of turns) {
    const excess = lengthOf(fitted) - width;
    if (excess > 0)
      fitted = fitted.map((column) => (column.shrinkOrder?.turn === turn ? shrink(column, excess) : column));
  }
  const rows = fitted[0]?.cells ?? [];
  // Once, and not for each row: there may be very many.
  const padded = fitted.map((column) => ({ cells: column.cells, width: Math.min(widthOf(column), WIDEST) }));
  // Where all that did not help, the end of the line has to go.
  return rows.map((_, row) =>
    shortenEnd(
      padded
        .map(({ cells, width: cellWidth }) => (cells[row] ?? '').padEnd(cellWidth))
        .join(GAP)
        .trimEnd(),
      width,
    ),
  );
}

function shrink(column: TableColumn, excess: number): TableColumn {
  const width = Math.max(widthOf(column) - excess, column.shrinkOrder?.least ?? 0);
  return { ...column, cells: column.cells.map((cell) => shorten(cell, width)) };
}

function widthOf({ cells }: TableColumn): number {
  return cells.reduce((width, cell) => Math.max(width, cell.length), 0);
}

function lengthOf(columns: readonly TableColumn[]): number {
  return columns.reduce((sum, column) => sum + widthOf(column), GAP.length * (columns.length - 1));
}

function shortenEnd(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}

/** A line as one or several, none longer than `width`, broken at blanks where there are any. */
export function wrap(line: string, width: number): string[] {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > width) {
    const blank = rest.lastIndexOf(' ', width);
    const end = blank > 0 ? blank : width;
    lines.push(rest.slice(0, end));
    rest = rest.slice(blank > 0 ? end + 1 : end);
  }
  return [...lines, rest];
}

const UNITS: readonly { readonly unit: string; readonly seconds: number; readonly below: number }[] = [
  { unit: 's', seconds: 1, below: 90 },
  { unit: 'm', seconds: 60, below: 90 * 60 },
  { unit: 'h', seconds: 3_600, below: 48 * 3_600 },
  { unit: 'd', seconds: 86_400, below: Infinity },
];

/**
 * How long ago something was, short enough for a table; `-` for what is no moment.
 *
 * @param at ISO 8601, from an untrusted document
 */
export function ageOf(at: unknown, nowMs: number): string {
  // The clock of another container may be ahead.
  const age = Math.max(0, (nowMs - parseIso(typeof at === 'string' ? at : '')) / 1_000);
  const fitting = UNITS.find(({ below }) => age < below);
  return fitting ? `${Math.floor(age / fitting.seconds)}${fitting.unit}` : '-';
}
