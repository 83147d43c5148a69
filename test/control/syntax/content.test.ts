import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseContent } from '../../../src/control/syntax/content';

const FIXTURES = join(__dirname, '..', '..', '..', 'fixtures', 'commands');

const names = readdirSync(FIXTURES)
  .filter((name) => name.endsWith('.command'))
  .map((name) => name.slice(0, -'.command'.length));

const ok = (text: string) => {
  const content = parseContent(Buffer.from(text));
  if (content.status !== 'ok') throw new Error(content.rule);
  return content;
};

describe('the content of a command file', () => {
  it.each(names)('is read as expected: %s', (name) => {
    const expected: unknown = JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), 'utf8'));
    expect(parseContent(readFileSync(join(FIXTURES, `${name}.command`)))).toEqual(expected);
  });

  it('is refused beyond 64 KiB beside the stamps, and not before', () => {
    const comment = `#${'x'.repeat(1022)}\n`;
    expect(parseContent(Buffer.from(comment.repeat(64))).status).toBe('ok');
    expect(parseContent(Buffer.from(comment.repeat(65)))).toEqual({
      status: 'refused',
      rule: 'holds more than 65536 bytes beside the stamps',
    });
  });

  it('does not count what agents wrote to the 64 KiB', () => {
    const stamp = '#! 2026-11-21T21:18:39.120Z orders-1 running 3f9a07 cmd=bfd4b5ca4c63 service=3 instance=7 !#\n';
    const tail = '21:18:39.120Z orders-1 running 3f9a07 cmd=bfd4b5ca4c63 service=3 instance=7 !#\n';
    expect(ok(stamp.repeat(4_000) + tail.repeat(1_000)).items).toHaveLength(4_000);
  });

  it('is refused with more than 64 commands without an answer', () => {
    const commands = Array.from({ length: 65 }, (_, at) => `report id=${at}\n`);
    expect(ok(commands.slice(1).join('')).items).toHaveLength(64);
    expect(parseContent(Buffer.from(commands.join('')))).toEqual({
      status: 'refused',
      rule: 'holds more than 64 commands without an answer',
    });
  });

  it('counts equal unanswered commands once, and answered ones not at all', () => {
    expect(ok('reset\n'.repeat(500)).items).toHaveLength(500);
    const answered = Array.from({ length: 100 }, (_, at) => `report id=${at}\n`).join('');
    const stamps = ok(answered.split('\n').slice(0, 64).join('\n'))
      .items.map((item) => ('digest' in item ? item.digest : ''))
      .map((digest) => `#! 2026-11-21T21:18:39.120Z orders-9 rejected 00af01 cmd=${digest} !#\n`)
      .join('');
    expect(ok(answered + stamps).status).toBe('ok');
  });
});
