import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { RunningAgent } from '../../src/agent/running-agent';
import type { Options } from '../../src/api/options';
import { parseSw8 } from '../../src/protocol/v3/sw8/carrier';
import { resolve, scratch } from '../config/sources';
import { until } from '../support/until';

const folder = scratch();
let agent: RunningAgent;

/** An agent in a process that has not come to its first timer yet; no backend is there. */
function begin(options: Partial<Options> = {}): RunningAgent {
  const given = { serviceName: 'orders', backends: '127.0.0.1:1', logLevel: 'off', ...options } as const;
  return (agent = new RunningAgent(resolve({ options: given })));
}

afterEach(() => agent.stop());

/** The headers of a call that is made at once. */
function headersOfCall(): Record<string, string> {
  const headers: Record<string, string> = {};
  agent.exit('/stock', 'stock:80', (_, inject) => inject((name, value) => (headers[name] = value)));
  return headers;
}

function calledBy(): { parentService: string; parentInstance: string } | undefined {
  const sw8 = parseSw8(headersOfCall().sw8);
  return sw8 && { parentService: sw8.parentService, parentInstance: sw8.parentInstance };
}

const claimed = (): Promise<string | null> =>
  until(
    () => agent.status().instance,
    (name) => name !== null,
  );

describe('a call in the tick that the agent is started in', () => {
  it.each(['auto', 'v2', 'v3'] as const)('names its caller with the protocol %s', (protocol) => {
    begin({ protocol, instanceName: 'orders-1' });
    expect(calledBy()).toEqual({ parentService: 'orders', parentInstance: 'orders-1' });
  });

  it('names the instance whose name is generated as all later calls do', async () => {
    begin();
    const first = calledBy();
    expect(calledBy()).toEqual(first);
    expect(first?.parentInstance).toBe(await claimed());
    expect(calledBy()).toEqual(first);
  });

  it('names the worker of a cluster by its number', async () => {
    const given = { serviceName: 'orders', instanceName: 'orders', backends: '127.0.0.1:1', logLevel: 'off' } as const;
    agent = new RunningAgent({ ...resolve({ options: given }), processNumber: 3 });
    expect(calledBy()?.parentInstance).toBe('orders-3');
    expect(await claimed()).toBe('orders-3');
  });

  it('carries the header when an HTTP client makes it', async () => {
    const server = createServer((request, response) => response.end(String(request.headers.sw8)));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    try {
      begin({ instanceName: 'orders-1' });
      const answer = new Promise<string>((done, fail) => {
        get({ port: (server.address() as AddressInfo).port, agent: false }, (response) => {
          let text = '';
          response.on('data', (chunk) => (text += String(chunk))).once('end', () => done(text));
        }).once('error', fail);
      });
      expect(parseSw8(await answer)?.parentInstance).toBe('orders-1');
    } finally {
      server.close();
    }
  });

  it('carries nothing while a status file decides the name', async () => {
    begin({ instanceName: 'orders-1', statusFile: path.join(folder, 'status.json') });
    expect(headersOfCall()).toEqual({});
    await claimed();
    expect(calledBy()?.parentInstance).toBe('orders-1');
  });

  it('carries nothing once the agent is stopped', () => {
    begin({ instanceName: 'orders-1' });
    void agent.stop();
    expect(headersOfCall()).toEqual({});
  });
});
