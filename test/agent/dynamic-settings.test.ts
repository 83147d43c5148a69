import { DynamicSettings } from '../../src/agent/dynamic-settings';
import { Log } from '../../src/base/log';
import { resolve } from '../config/sources';
import { tracing } from '../support/tracing';

const said: string[] = [];

function made(): { settings: DynamicSettings; set(values: Record<string, string>): void } {
  said.length = 0;
  const { tracer, clock } = tracing();
  const say = (message: string) => void said.push(message);
  const log = new Log(clock, { error: say, warn: say, info: say, debug: say });
  const settings = new DynamicSettings(resolve({ options: { sampleRate: 0.5 } }), tracer, log);
  return { settings, set: (values) => settings.apply({ uuid: 'u', values: new Map(Object.entries(values)) }) };
}

describe('what a backend sets while the agent runs', () => {
  it('is as configured before, and again where it sets nothing', () => {
    const { settings, set } = made();
    expect(settings.status().sampleRate).toEqual({ value: 0.5, from: 'configuration' });
    set({ 'agent.sample_rate': '0.1' });
    expect(settings.status().sampleRate).toEqual({ value: 0.1, from: 'backend' });
    for (const nothing of [{}, { 'agent.sample_rate': '' }]) {
      set({ 'agent.sample_rate': '0.1' });
      set(nothing);
      expect(settings.status().sampleRate).toEqual({ value: 0.5, from: 'configuration' });
    }
  });

  it.each(['2', '-1', 'half', '0x1', ' '])('keeps the last good value where %p is none, and says so', (bad) => {
    const { settings, set } = made();
    set({ 'agent.sample_rate': '0.1' });
    set({ 'agent.sample_rate': bad, 'agent.ignore_suffix': '.xyz' });
    const refused = `agent.sample_rate = ${bad}: expected a number from 0 to 1`;
    expect(settings.status().sampleRate).toEqual({ value: 0.1, from: 'backend', refused });
    expect(settings.ignoreSuffix).toEqual(['.xyz']);
    expect(said.join('\n')).toContain(refused);
  });

  it('is told in one line of bounded length, whatever the backend sends', () => {
    made().set({ 'agent.span_limit_per_segment': `1\n\u001b[31m${'x'.repeat(100_000)}` });
    expect(said).toHaveLength(1);
    expect(said[0]!.length).toBeLessThan(400);
    expect(said[0]).not.toMatch(/\p{Cc}/u);
  });
});
