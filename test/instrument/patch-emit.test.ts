import { EventEmitter } from 'node:events';
import { hasListeners } from '../../src/instrument/patch';

describe('whether an event has listeners', () => {
  const none = (): void => undefined;

  it('is found where emit finds it', () => {
    const emitter = new EventEmitter()
      .on('one', none)
      .on('two', none)
      .on('two', none)
      .on('gone', none)
      .off('gone', none);
    const symbol = Symbol('event');
    emitter.on(symbol, none);
    const events = ['one', 'two', symbol, 'gone', 'never', 'toString'];
    expect(events.map((event) => hasListeners(emitter, event))).toEqual([true, true, true, false, false, false]);
  });

  it('is asked for where a Node.js keeps them elsewhere', () => {
    const elsewhere = { listenerCount: (event: string) => (event === 'heard' ? 1 : 0) } as unknown as EventEmitter;
    expect([hasListeners(elsewhere, 'heard'), hasListeners(elsewhere, 'unheard')]).toEqual([true, false]);
  });
});
