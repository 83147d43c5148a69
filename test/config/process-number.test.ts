import { processNumber, type WorkerPlace } from '../../src/config/sources/environment';

const worker = (id: number, isPrimaryTraced = false): WorkerPlace => ({ id, isPrimaryTraced });

describe('the number of a process where no status file tells which names are taken', () => {
  it.each<[what: string, env: Record<string, string>, place: WorkerPlace | undefined, number: number]>([
    ['a process without a number', {}, undefined, 1],
    ['the first instance of pm2', { NODE_APP_INSTANCE: '0', pm_id: '7' }, undefined, 1],
    ['the third instance of pm2', { NODE_APP_INSTANCE: '2', pm_id: '9' }, undefined, 3],
    ['an instance of pm2 in cluster mode', { NODE_APP_INSTANCE: '1', pm_id: '8' }, worker(9), 2],
    ['an instance of pm2 whose variable was renamed', { pm_id: '3' }, undefined, 4],
    ['the first worker of a cluster', {}, worker(1), 1],
    ['the second worker of a cluster', {}, worker(2), 2],
    ['the first worker of a primary that is traced too', {}, worker(1, true), 2],
    ['a word in the variable', { NODE_APP_INSTANCE: 'eu-1' }, worker(2), 2],
  ])('is right for %s', (_what, env, place, number) => {
    expect(processNumber(env, place)).toBe(number);
  });
});
