import { spawn } from 'node:child_process';
import path from 'node:path';
import { App, startApp } from '../../support/app';
import { obtainNodePeer, obtainPythonPeer } from './obtain-peers';

/**
 * An agent of another project, and an application with it, which asks the service at the address it is given.
 *
 * What of both is not as it should be, and does us no harm: as the parent's endpoint they give along the name of what is
 * asked (`/count`), not of the page that asks (`/goods`), so that lines between endpoints begin at the wrong one; and they
 * take any header for an order to record.
 */
export interface Peer {
  /** Name of the package and its version. */
  readonly title: string;
  /** Where it cannot be had: what that takes. */
  readonly needs: string;
  /** As that agent names the endpoint of a page that was got. */
  endpoint(path: string): string;
  /** Whether the service it asks gets the correlation that it was given. */
  readonly handsCorrelationThrough: boolean;
  /** Fetches what is missing; throws where it cannot be had. */
  obtain(tell: (line: string) => void): StartPeer;
}

/** An instance of the service is named after it: `service-1`. */
export type StartPeer = (backend: string, service: string, next: string) => App;

export const instanceOf = (service: string): string => `${service}-1`;

const APPS = path.join(__dirname, '..', '..', '..', 'fixtures', 'apps', 'peers');

const python: Peer = {
  title: 'apache-skywalking 1.1.0 (Python)',
  needs: 'a Python of 3.8 or later with venv (SKYANCHOR_PYTHON names it) and PyPI within reach',
  endpoint: (page) => page,
  // While there is none, it sends an empty header.
  handsCorrelationThrough: true,
  obtain: (tell) => {
    const program = obtainPythonPeer('1.1.0', tell);
    return (backend, service, next) => {
      const env = {
        PATH: process.env['PATH'],
        SW_AGENT_NAME: service,
        SW_AGENT_INSTANCE_NAME: instanceOf(service),
        SW_AGENT_PROTOCOL: 'grpc',
        SW_AGENT_COLLECTOR_BACKEND_SERVICES: backend,
        // Traces are all that is asked of it here.
        SW_AGENT_METER_REPORTER_ACTIVE: 'false',
        SW_AGENT_LOG_REPORTER_ACTIVE: 'false',
        SW_AGENT_PROFILE_ACTIVE: 'false',
      };
      return new App(spawn(program, [path.join(APPS, 'python-peer.py'), next], { env, stdio: 'pipe' }));
    };
  },
};

const node: Peer = {
  title: 'skywalking-backend-js 0.9.0 (Node.js)',
  needs: 'npm and its registry within reach',
  endpoint: (page) => `GET:${page}`,
  // It neither reads nor writes `sw8-correlation`.
  handsCorrelationThrough: false,
  obtain: (tell) => {
    const modules = obtainNodePeer('0.9.0', tell);
    return (backend, service, next) =>
      startApp(path.join(APPS, 'node-peer.js'), {
        args: [next],
        env: {
          NODE_PATH: modules,
          SW_AGENT_NAME: service,
          SW_AGENT_INSTANCE: instanceOf(service),
          SW_AGENT_COLLECTOR_BACKEND_SERVICES: backend,
        },
      });
  },
};

export const PEERS: readonly Peer[] = [python, node];
