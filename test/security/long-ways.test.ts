import { lchownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wayTo } from '../../src/base/file/trusted-file';
import { itWithTwoUsers, OTHER } from './other-user';

const asTwo = itWithTwoUsers();
const LINKS = 20;
const trust = { uid: process.geteuid?.() ?? 0, owners: [] };

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'skyanchor-way-')));
  mkdirSync(join(folder, 'a'));
  writeFileSync(join(folder, 'command'), 'report\n');
  // Each link leads a thousand steps through `a` and back before it comes to the next one.
  for (let at = 0; at < LINKS; at++)
    symlinkSync(`${'a/../'.repeat(800)}${at + 1 < LINKS ? `link-${at + 1}` : 'command'}`, join(folder, `link-${at}`));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a way of links that is made as long as the kernel follows it', () => {
  asTwo('is looked at up to its first link where that belongs to another user', async () => {
    lchownSync(join(folder, 'link-0'), OTHER, OTHER);
    const way = await wayTo(join(folder, 'link-0'), trust);
    expect(way.at(-1)?.path).toBe(join(folder, 'link-0'));
    expect(way.length).toBeLessThan(10);
  });

  it('is looked at for a bounded number of steps where the links are our own', async () => {
    const way = await wayTo(join(folder, 'link-0'), trust);
    // Up to the link at which the bound is passed.
    expect(way.length).toBeLessThan(2_000);
  });
});
