import { DynamicSettings } from '../../src/agent/dynamic-settings';
import { AgentError } from '../../src/api/errors';
import { glob } from '../../src/base/patterns';
import { Log } from '../../src/base/log';
import { keepSecret } from '../../src/base/text';
import type { Options } from '../../src/api/options';
import { showValue } from '../../src/config/sources/settings';
import { liveIgnore } from '../../src/instrument/http/server/ignore';
import { resolve } from '../config/sources';
import { costsOf } from '../support/cost';
import { tracing } from '../support/tracing';

const PATHS = 'agent.trace.ignore_path';
const SUFFIXES = 'agent.ignore_suffix';

function made(options: Options = {}) {
  const said: string[] = [];
  const { tracer, clock } = tracing();
  const say = (message: string) => void said.push(message);
  const log = new Log(clock, { error: say, warn: say, info: say, debug: say });
  const settings = new DynamicSettings(resolve({ options }), tracer, log);
  return {
    settings,
    said,
    clock,
    set: (values: Record<string, string>) =>
      settings.apply({ uuid: String(Math.random()), values: new Map(Object.entries(values)) }),
  };
}

describe('the configuration that a hostile backend sends', () => {
  it.each([
    ['a value over 4 KiB', PATHS, `/${'a'.repeat(4_096)}`, 'longer than 4096 characters'],
    [
      'twenty globs of 4,000 characters',
      PATHS,
      Array(20)
        .fill(`*${'?'.repeat(3_999)}`)
        .join(),
      'longer than 4096',
    ],
    ['65 globs', PATHS, Array(65).fill('/a*').join(), 'at most 64 globs of at most 256 characters'],
    ['a glob of 257 characters', PATHS, `/${'a'.repeat(256)}`, 'at most 64 globs of at most 256 characters'],
    ['65 suffixes', SUFFIXES, Array(65).fill('.a').join(), 'more than 64 items'],
    ['300,000 suffixes', SUFFIXES, Array(300_000).fill('x').join(), 'longer than 4096'],
  ])('is refused with its reason in log and status, and the last good one stays: %s', (_title, key, bad, reason) => {
    const { settings, said, set } = made();
    set({ [PATHS]: '/good', [SUFFIXES]: '.good' });
    const before = settings.status();
    set({ [PATHS]: '/good', [SUFFIXES]: '.good', [key]: bad });
    expect([settings.ignorePath, settings.ignoreSuffix]).toEqual([['/good'], ['.good']]);
    expect(said).toEqual([expect.stringContaining(reason)]);
    const { ignorePath, ignoreSuffix } = settings.status();
    const [refused, other] = key === PATHS ? [ignorePath, ignoreSuffix] : [ignoreSuffix, ignorePath];
    expect(refused.refused).toContain(reason);
    expect(refused.refused!.length).toBeLessThan(400);
    expect(other).toEqual(key === PATHS ? before.ignoreSuffix : before.ignorePath);
  });

  it('is told once while it stays the same, and no more once it is mended', () => {
    const { settings, said, set } = made();
    const bad = { [PATHS]: 'a'.repeat(5_000) };
    set(bad);
    set(bad);
    expect(said).toHaveLength(1);
    set({ [PATHS]: '/good' });
    expect(settings.status().ignorePath).toEqual({ value: ['/good'], from: 'backend' });
    set({});
    expect(settings.status().ignorePath).toEqual({ value: [], from: 'configuration' });
  });

  it('is one line a minute for each setting, however often a bad value is replaced by another one', async () => {
    const { settings, said, set, clock } = made();
    const send = (): void => {
      for (let n = 0; n < 100; n++) {
        set({
          'agent.sample_rate': `bad ${n}`,
          [SUFFIXES]: Array(65 + n)
            .fill('.a')
            .join(),
        });
        set({ 'agent.sample_rate': '0.5' });
      }
    };
    send();
    expect(said).toHaveLength(2);
    set({ 'agent.sample_rate': 'the last' });
    expect(settings.status().sampleRate).toMatchObject({ value: 0.5, refused: expect.stringContaining('the last') });
    await clock.advance(60_000);
    send();
    expect(said.slice(2)).toEqual([
      expect.stringMatching(/agent\.sample_rate = bad 0.*\(100 more like it were not logged\)/),
      expect.stringContaining('more than 64 items (99 more like it were not logged)'),
    ]);
  });

  it('is shown without what would deceive the one who reads it', () => {
    const { settings, said, set } = made();
    set({ 'agent.sample_rate': '1\u202e\u2028\u200b0.0' });
    expect(said).toEqual([expect.stringContaining('agent.sample_rate = 1   0.0: expected')]);
    expect(settings.status().sampleRate.refused).not.toMatch(/[\u202e\u2028\u200b]/);
  });

  it('is shown without the token, which the backend knows', () => {
    const { settings, said, set } = made();
    keepSecret('a-secret');
    set({ 'agent.sample_rate': 'a-secret' });
    expect(said).toEqual([expect.stringContaining('agent.sample_rate = ***: expected')]);
    expect(settings.status().sampleRate.refused).not.toContain('a-secret');
  });

  it('is shown without the token also where it is taken', () => {
    const { settings, set } = made();
    keepSecret('a-secret');
    set({ [PATHS]: '/a-secret/*,/b', [SUFFIXES]: '.a-secret' });
    expect(settings.status()).toMatchObject({
      ignorePath: { value: ['/***/*', '/b'], from: 'backend' },
      ignoreSuffix: { value: ['.***'], from: 'backend' },
    });
    expect([settings.ignorePath, settings.ignoreSuffix]).toEqual([['/a-secret/*', '/b'], ['.a-secret']]);
  });

  it('is shown without the token also where its commas make it several items of a list', () => {
    const { settings, set } = made();
    keepSecret('first-half,last, half');
    set({ [PATHS]: '/a,/first-half,last, half/*', [SUFFIXES]: 'first-half,last, half' });
    expect(settings.ignoreSuffix).toEqual(['first-half', 'last', 'half']);
    expect(settings.status()).toMatchObject({
      ignorePath: { value: ['/a', '/***/*'], from: 'backend' },
      ignoreSuffix: { value: ['***'], from: 'backend' },
    });
    set({ [PATHS]: '/b,/c' });
    expect(settings.status()).toMatchObject({
      ignorePath: { value: ['/b', '/c'], from: 'backend' },
      ignoreSuffix: { from: 'configuration' },
    });
  });

  it('leaves the patterns of the user as they are: with asterisks in them they would match more', () => {
    const { settings } = made({ ignorePath: ['/a-secret'] });
    keepSecret('a-secret');
    expect(settings.status().ignorePath).toMatchObject({ value: ['/a-secret'], from: 'configuration' });
  });

  it('takes what is just within the bounds', () => {
    const { settings, said, set } = made();
    set({
      [PATHS]: Array(64)
        .fill(`/${'a'.repeat(62)}`)
        .join(),
      [SUFFIXES]: Array(64).fill('.a').join(),
    });
    expect([settings.ignorePath.length, settings.ignoreSuffix.length, said]).toEqual([64, 64, []]);
  });

  it('costs a request with a long path little more than one harmless glob does', () => {
    const hostile = made();
    hostile.set({
      [PATHS]: Array(15)
        .fill(`*${'?'.repeat(253)}b`)
        .join(),
    });
    const harmless = made();
    harmless.set({ [PATHS]: '*b' });
    const path = `/${'a'.repeat(8_000)}`;
    const [hostileNs, harmlessNs] = costsOf(
      [hostile, harmless].map(({ settings }) => {
        const isIgnored = liveIgnore(settings);
        return () => expect(isIgnored(path)).toBe(false);
      }),
    );
    expect(hostile.settings.ignorePath).toHaveLength(15);
    // 15 globs of nine words each, against one of one; a matcher that tries every place anew takes over 1,000.
    expect(hostileNs! / harmlessNs!).toBeLessThan(200);
  });
});

describe('64 globs of many stars', () => {
  it('cost a request no more the longer its path is', () => {
    const { settings, set } = made();
    set({
      [PATHS]: Array(64)
        .fill(`${'*a'.repeat(30)}b`)
        .join(),
    });
    expect(settings.ignorePath).toHaveLength(64);
    const isIgnored = liveIgnore(settings);
    const [long, longer] = costsOf([2_048, 16_000].map((length) => () => void isIgnored(`/${'a'.repeat(length)}`)));
    // Eight times as long.
    expect(longer! / long!).toBeLessThan(3);
  });
});

describe('a value that is shown in the log', () => {
  it('costs the same whether it is one long word or many short ones', () => {
    const [word, words] = costsOf(['a'.repeat(4_000), 'aa, '.repeat(1_000)].map((text) => () => void showValue(text)));
    expect(word! / words!).toBeLessThan(20);
  });

  it('holds no password, wherever it stands', () => {
    expect(showValue('u:pw@h:1,:x@h,a::b@h u@h,x:@h')).toBe('***@h:1,:x@h,***@h u@h,***@h');
  });
});

describe('a hostile glob', () => {
  it.each([
    ['a star before many single characters', `*${'?'.repeat(254)}b`],
    ['a star before many equal letters', `*${'a'.repeat(254)}b`],
    ['many stars', `${'*a'.repeat(127)}b`],
    ['many sets', `*${'[!b]'.repeat(63)}b`],
  ])('costs a long text no more than nine steps a character: %s', (_title, pattern) => {
    const text = 'a'.repeat(8_000);
    const [hostile, plain] = costsOf(
      [glob(pattern), glob('*b')].map((matches) => () => expect(matches(text)).toBe(false)),
    );
    expect(hostile! / plain!).toBeLessThan(25);
  });
});

describe('the globs of the configuration', () => {
  it.each([
    ['65 of them', Array(65).fill('/a*')],
    ['one of 257 characters', `/${'a'.repeat(256)}`],
  ])('are bounded, and what is over is a fault: %s', (_title, ignorePath) => {
    let thrown: unknown;
    try {
      resolve({ options: { ignorePath } });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(AgentError);
    expect((thrown as AgentError).faults).toEqual([
      expect.objectContaining({
        name: 'ignorePath',
        expected: 'at most 64 globs of at most 256 characters, such as /health,/metrics/*',
      }),
    ]);
  });
});
