import { DynamicSettings } from '../../src/agent/dynamic-settings';
import { Log } from '../../src/base/log';
import { resolve } from '../config/sources';
import { tracing } from '../support/tracing';
import type { Tracer } from '../../src/tracing/tracer';

const said: string[] = [];

function made(): { settings: DynamicSettings; tracer: Tracer; set(values: Record<string, string>): void } {
  said.length = 0;
  const { tracer, clock } = tracing();
  const say = (message: string) => void said.push(message);
  const log = new Log(clock, { error: say, warn: say, info: say, debug: say });
  const settings = new DynamicSettings(resolve({ options: { sampleRate: 0.5 } }), tracer, log);
  return { settings, tracer, set: (values) => settings.apply({ uuid: 'u', values: new Map(Object.entries(values)) }) };
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

  it('limits the traces in three seconds by the key of the Java agent', () => {
    const { settings, set, tracer } = made();
    const sampled = () => Array.from({ length: 5 }, () => tracer.openEntry('/')).filter(Boolean).length;
    set({ 'agent.sample_rate': '1', 'agent.sample_n_per_3_secs': '2' });
    expect(settings.status().tracesPer3Seconds).toEqual({ value: 2, from: 'backend' });
    expect(sampled()).toBe(2);
    set({ 'agent.sample_rate': '1', 'agent.sample_n_per_3_secs': '-1' });
    expect(sampled()).toBe(5);
  });

  it('gives way to what an operator sets, until that is taken back', () => {
    const { settings, set, tracer } = made();
    set({ 'agent.sample_rate': '0' });
    expect(settings.setSampleRate(1)).toBe('0->1');
    set({ 'agent.sample_rate': '0.2' });
    expect(settings.status().sampleRate).toEqual({ value: 1, from: 'command' });
    expect(tracer.openEntry('/')).toBeDefined();
    expect(settings.setSampleRate(undefined)).toBe('1->0.2');
    expect(settings.status().sampleRate).toEqual({ value: 0.2, from: 'backend' });
    expect(tracer.openEntry('/')).toBeUndefined();
  });

  it('is told in one line of bounded length, whatever the backend sends', () => {
    made().set({ 'agent.span_limit_per_segment': `1\n\u001b[31m${'x'.repeat(100_000)}` });
    expect(said).toHaveLength(1);
    expect(said[0]!.length).toBeLessThan(400);
    expect(said[0]).not.toMatch(/\p{Cc}/u);
  });
});
