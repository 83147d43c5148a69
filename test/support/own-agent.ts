import { start, type Agent, type Options } from '../../src/index';
import { assertAccounted } from './accounting';

const started: Agent[] = [];

/** What the agent logged, `level: message`. */
export const logged: string[] = [];

const say = (level: string) => (message: string) => void logged.push(`${level}: ${message}`);

/** The agent in the test's own process. */
export function startOwn(options: Options): Agent {
  const agent = start({
    serviceName: 'orders',
    instanceName: 'orders-1',
    logger: { error: say('error'), warn: say('warn'), info: say('info'), debug: say('debug') },
    ...options,
  });
  started.push(agent);
  return agent;
}

/** For `afterEach`. However a test has ended, nothing is lost without being counted, and nothing is left when it has stopped. */
export async function stopOwn(): Promise<void> {
  for (const agent of started.splice(0)) {
    await agent.stop();
    const { segments } = agent.status();
    assertAccounted(segments);
    if (segments.inFlight + segments.buffered > 0) throw new Error(`left behind: ${JSON.stringify(segments)}`);
  }
  logged.length = 0;
}
