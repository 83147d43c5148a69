import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { OPTION_ROWS } from '../../src/config/option-table';

const ROOT = path.join(__dirname, '..', '..');
const text = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8');
const readme = text('README.md');
const all = [readme, ...readdirSync(path.join(ROOT, 'docs')).map((name) => text(path.join('docs', name)))].join('\n');

describe('the documents', () => {
  it.each(OPTION_ROWS.map((row) => [row.name, row] as const))(
    'name the option %s with its first variable, the README its flag',
    (_, { environment, flag }) => {
      for (const variable of environment.slice(0, 1)) expect(all).toContain(`\`${variable}`);
      if (flag !== undefined) expect(readme).toContain(`\`--skyanchor-${flag}\``);
    },
  );
});
