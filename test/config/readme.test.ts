import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { OPTION_ROWS } from '../../src/config/option-table';

const ROOT = path.join(__dirname, '..', '..');
const text = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8');
const readme = text('README.md');
const all = [readme, ...readdirSync(path.join(ROOT, 'docs')).map((name) => text(path.join('docs', name)))].join('\n');

/** Understood in the environment of those who come from another agent; `start()` has words of its own for them. */
const VARIABLES_ALONE = ['forceReconnectionPeriod', 'tracesPer3Seconds'];

describe('the documents', () => {
  it.each(OPTION_ROWS.map((row) => [row.name, row] as const))(
    'name the option %s with its first variable, the README its flag',
    (name, { environment, flag }) => {
      // Those of a group stand beside it by their last part: `maxBytes` of `spool`.
      if (!VARIABLES_ALONE.includes(name)) expect(all).toMatch(new RegExp(`\\b${name.split('.').at(-1)}\\b`));
      for (const variable of environment.slice(0, 1)) expect(all).toMatch(new RegExp(`\`${variable}[\`=]`));
      if (flag !== undefined) expect(readme).toContain(`\`--skyanchor-${flag}\``);
    },
  );
});
