import Module from 'node:module';
import { whenLoaded } from '../../../src/instrument/loaded-modules';
import { GuardedLookup } from '../../../src/instrument/opentelemetry/guarded-lookup';
import { patch } from '../../../src/instrument/patch';

const loader = Module as unknown as { readonly _resolveFilename: unknown };

describe('a patch that lies on top of another of ours', () => {
  it('leaves modules watched once an instrumentation was looked for', () => {
    const before = loader._resolveFilename;
    const undo = whenLoaded('pg/lib/client.js', () => () => undefined);
    const watching = loader._resolveFilename;
    const options = { loadRules: () => () => undefined, log: { warn: () => undefined } };
    const isGuarding = new GuardedLookup(options).run(() => loader._resolveFilename !== watching);
    const isWatching = loader._resolveFilename === watching;
    undo();
    expect([watching !== before, isGuarding, isWatching]).toEqual([true, true, true]);
    expect(loader._resolveFilename).toBe(before);
  });

  it.each([
    ['stays in place under one of another purpose', '.other', 'ab', 'a'],
    ['is taken off by one of the same', '', 'b', ''],
  ])('%s', (_what, purpose, both, first) => {
    const owner = { say: () => '' };
    const saying = (text: string, of?: string) =>
      patch<() => string>(owner, 'say', (layer) => () => layer.below() + (layer.isOn ? text : ''), of);
    const undoFirst = saying('a');
    const undoSecond = saying('b', purpose);
    expect(owner.say()).toBe(both);
    undoSecond();
    expect(owner.say()).toBe(first);
    undoFirst();
    expect(owner.say()).toBe('');
  });
});
