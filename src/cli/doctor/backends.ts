import { lookup } from 'node:dns/promises';
import { connect, type Socket } from 'node:net';
import { RunningAgent } from '../../agent/running-agent';
import { INSTRUMENTATIONS } from '../../api/options';
import type { Clock } from '../../base/clock';
import { errorMessage } from '../../base/text';
import type { BackendAddress } from '../../config/option-type';
import type { Config } from '../../config/config';
import { isRegistered } from '../../control/client/live-instances';
import { pause } from '../print';
import type { Report } from './report';

/** More addresses than these are not tried. */
const MAX_BACKENDS = 8;
const CONNECT_MS = 5_000;
/** A v2 backend takes some time to give ids. */
const REGISTER_MS = 20_000;
const FLUSH_MS = 10_000;
const LOOK_MS = 50;
/** Seen in the backend as an instance of the service. */
const INSTANCE = 'skyanchor-doctor';

/** Each backend: its name, its port, what it speaks, whether it knows the token, whether it takes a segment. */
export async function reportBackends(config: Config, clock: Clock, report: Report): Promise<void> {
  for (const backend of config.backends.slice(0, MAX_BACKENDS)) {
    const section = `backend ${backend.host}:${backend.port}`;
    if (await isReached(backend, clock, report, section)) await tryAgent(config, backend, clock, report, section);
  }
  const more = config.backends.length - MAX_BACKENDS;
  if (more > 0) report.add('backends', 'address', 'unknown', `${more} more addresses were not tried`);
}

async function isReached(
  { host, port }: BackendAddress,
  clock: Clock,
  report: Report,
  section: string,
): Promise<boolean> {
  try {
    const found = await lookup(host, { all: true });
    report.add(section, 'name', 'ok', `${host} is ${found.map(({ address }) => address).join(', ')}`);
  } catch (error) {
    report.add(section, 'name', 'failed', `${host} cannot be resolved: ${errorMessage(error)}`);
    return false;
  }
  const before = clock.elapsed();
  const fault = await tryConnection(host, port, clock);
  if (fault === undefined) {
    report.add(section, 'TCP', 'ok', `connected in ${Math.round(clock.elapsed() - before)} ms`);
    return true;
  }
  report.add(section, 'TCP', 'failed', `nothing answers at ${host}:${port}: ${fault}; agents use port 11800 as a rule`);
  return false;
}

/** @returns undefined: it is open */
function tryConnection(host: string, port: number, clock: Clock): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket: Socket = connect({ host, port });
    const end = (fault: string | undefined): void => {
      timer.cancel();
      socket.destroy();
      resolve(fault);
    };
    const timer = clock.after(CONNECT_MS, () => end(`no connection within ${CONNECT_MS / 1_000} s`));
    socket.once('connect', () => end(undefined)).once('error', (error) => end(errorMessage(error)));
  });
}

/** By an agent like that of the application, which instruments nothing and reads no file. */
async function tryAgent(
  config: Config,
  backend: BackendAddress,
  clock: Clock,
  report: Report,
  section: string,
): Promise<void> {
  const silent = (): void => undefined;
  const agent = new RunningAgent(
    {
      ...config,
      backends: [backend],
      instanceName: INSTANCE,
      commandFile: undefined,
      statusFile: undefined,
      // That of the application is not to belong to the user who runs this.
      spool: undefined,
      disable: INSTRUMENTATIONS,
      sampleRate: 1,
      meters: false,
      logs: false,
      warnings: [],
      logger: { error: silent, warn: silent, info: silent, debug: silent },
    },
    { clock },
  );
  try {
    const fault = await registrationFault(agent, clock);
    if (fault !== undefined) {
      report.add(section, ...explain(fault, config));
      return;
    }
    const { protocol, registration } = agent.status();
    report.add(section, 'TLS', 'ok', config.tls ? 'the certificate is trusted' : 'off, as the backend expects');
    report.add(section, 'token', 'ok', config.authentication === undefined ? 'none is needed' : 'accepted');
    report.add(
      section,
      'protocol',
      'ok',
      `${protocol ? SPOKEN[protocol] : 'none yet'}, ${registration.phase} as ${INSTANCE}`,
    );
    await sendSegment(agent, report, section);
  } finally {
    await agent.stop();
  }
}

const SPOKEN = { v2: 'v2 (OAP 6 or 7)', v3: 'v3 (OAP 8 or later)' } as const;

/** @returns undefined: the backend knows the agent */
async function registrationFault(agent: RunningAgent, clock: Clock): Promise<string | undefined> {
  const deadline = clock.elapsed() + REGISTER_MS;
  while (clock.elapsed() < deadline) {
    const status = agent.status();
    if (isRegistered(status)) return undefined;
    const { heartbeat } = status;
    if (heartbeat.lastError !== null) return heartbeat.lastError;
    await pause(LOOK_MS, clock);
  }
  return `no registration within ${REGISTER_MS / 1_000} s`;
}

/** Which of the checks an error of the registration is about. */
function explain(fault: string, { authentication, tls }: Config): [check: string, state: 'failed', text: string] {
  if (/PERMISSION_DENIED|UNAUTHENTICATED|authentication/i.test(fault)) {
    const what = authentication === undefined ? 'the backend asks for a token' : 'the backend refuses the token';
    return ['token', 'failed', `${what} (SW_AGENT_AUTHENTICATION): ${fault}`];
  }
  if (/TLS|certificate|altnames|SSL|self.signed/i.test(fault)) {
    const what = tls ? 'TLS is on (SW_AGENT_FORCE_TLS, or a file of it)' : 'TLS is off (SW_AGENT_FORCE_TLS)';
    return ['TLS', 'failed', `${what}: ${fault}`];
  }
  return ['protocol', 'failed', fault];
}

async function sendSegment(agent: RunningAgent, report: Report, section: string): Promise<void> {
  const before = agent.status().segments.sent;
  let traceId = '';
  agent.trace('/skyanchor/doctor', () => {
    traceId = agent.currentTraceId() ?? '';
  });
  await agent.flush(FLUSH_MS);
  const { sent, droppedBecause } = agent.status().segments;
  if (sent > before) {
    report.add(section, 'segment', 'ok', `one was accepted, trace ${traceId}`);
    return;
  }
  const reasons = Object.keys(droppedBecause);
  const why = reasons.length > 0 ? `it was dropped: ${reasons.join(', ')}` : `no answer within ${FLUSH_MS / 1_000} s`;
  report.add(section, 'segment', 'failed', `a test segment was not accepted: ${why}`);
}
