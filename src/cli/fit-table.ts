import { shorten } from './shorten';

export interface TableColumn {
  /** The title first. */
  readonly cells: readonly string[];
  /** Where the lines are too long it goes, the lowest number first. */
  readonly goes?: 1 | 2;
  /** Where that does not help it is shortened, the lowest number first, but not below so many characters. */
  readonly shrinks?: { readonly turn: number; readonly least: number };
}

const GAP = '  ';

/** The lines of a table, none longer than `width`. */
export function fitTable(columns: readonly TableColumn[], width: number): string[] {
  let fitted = columns;
  for (const turn of [1, 2] as const) {
    if (lengthOf(fitted) > width) fitted = fitted.filter(({ goes }) => goes !== turn);
  }
  const turns = fitted.map(({ shrinks }) => shrinks?.turn ?? 0).sort((a, b) => a - b);
  for (const turn of turns) {
    const excess = lengthOf(fitted) - width;
    if (excess > 0) fitted = fitted.map((column) => (column.shrinks?.turn === turn ? shrink(column, excess) : column));
  }
  const rows = fitted[0]?.cells ?? [];
  // Where all that did not help, the end of the line has to go.
  return rows.map((_, row) =>
    shortenEnd(
      fitted
        .map((column) => padded(column, row))
        .join(GAP)
        .trimEnd(),
      width,
    ),
  );
}

function shrink(column: TableColumn, excess: number): TableColumn {
  const width = Math.max(widthOf(column) - excess, column.shrinks?.least ?? 0);
  return { ...column, cells: column.cells.map((cell) => shorten(cell, width)) };
}

function padded(column: TableColumn, row: number): string {
  return (column.cells[row] ?? '').padEnd(widthOf(column));
}

function widthOf({ cells }: TableColumn): number {
  return Math.max(...cells.map((cell) => cell.length));
}

function lengthOf(columns: readonly TableColumn[]): number {
  return columns.reduce((sum, column) => sum + widthOf(column), GAP.length * (columns.length - 1));
}

function shortenEnd(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}
