'use strict';

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];

/** Quantiles of values, any of which may be missing. */
function spread(values) {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), max: sorted.at(-1) };
}

const shown = (ms) => (ms === undefined ? '-' : String(Math.round(ms)));

/** `p50 / p99 / max` */
const shownSpread = ({ p50, p99, max }) => `${shown(p50)} / ${shown(p99)} / ${shown(max)}`;

/** In Markdown, with columns that line up for who reads it as it is. */
function table(titles, rows) {
  const widths = titles.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at].length)));
  const line = (cells) => `| ${cells.map((cell, at) => cell.padEnd(widths[at])).join(' | ')} |`;
  return [line(titles), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

module.exports = { shown, shownSpread, spread, table };
