import path from 'node:path';
import { pm2Environment } from '../../src/config/sources/environment';
import { startApp } from '../support/app';

const CONTAINER = ['/usr/bin/node', '/lib/pm2/lib/ProcessContainer.js'];
const read = (text: string | undefined, argv: readonly string[] = CONTAINER) =>
  pm2Environment(argv, text === undefined ? {} : { pm2_env: text });

describe('the environment that pm2 has yet to spread', () => {
  it('is every value of the JSON, as text', () => {
    expect(read('{"SW_AGENT_NAME":"orders","pm_id":3,"watch":false}')).toEqual({
      SW_AGENT_NAME: 'orders',
      pm_id: '3',
      watch: 'false',
    });
  });

  it.each(['', '{', 'null', '4711', '"text"'])('is empty where the variable holds %j', (text) => {
    expect(read(text)).toEqual({});
  });

  it('is undefined where pm2 has spread it, and in a process that pm2 does not start', () => {
    expect(read(undefined)).toBeUndefined();
    expect(read('{"SW_AGENT_NAME":"orders"}', ['/usr/bin/node', '/srv/app.js'])).toBeUndefined();
  });
});

describe('an application in a cluster of pm2 whose agent is preloaded', () => {
  const APP = path.join(__dirname, '..', '..', 'fixtures', 'apps', 'pm2', 'ProcessContainer.js');

  it('is configured by the environment of the ecosystem file, from its own folder', async () => {
    const handover = {
      SW_AGENT_NAME: 'orders',
      SW_AGENT_INSTANCE_NAME: 'orders-${pid}',
      SW_AGENT_COMMAND_FILE: 'orders.command',
      NODE_APP_INSTANCE: 2,
      pm_exec_path: '/srv/orders/app.js',
      pm_cwd: '/srv/orders',
    };
    const app = startApp(APP, { env: { pm2_env: JSON.stringify(handover) } });
    expect(await app.ended).toEqual({ code: 0, signal: null });
    expect(JSON.parse(app.stdout)).toMatchObject({
      serviceName: 'orders',
      instanceName: expect.stringMatching(/^orders-\d+$/),
      instanceNameFrom: 'environment',
      processNumber: 3,
      commandFile: path.resolve('/srv/orders', 'orders.command'),
    });
  });
});
