import { closestMatch } from '../../base/text';

/** More than these are one sentence: a container for many agents may set dozens. */
const MAX_SENTENCES = 12;

/** Variables of other agents, by what says the same here. */
const MEANT: Readonly<Record<string, string | undefined>> = {
  SW_LOGGING_LEVEL: 'SW_AGENT_LOGGING_LEVEL',
  SW_AGENT_LOG_LEVEL: 'SW_AGENT_LOGGING_LEVEL',
  SW_AGENT_SERVICE_NAME: 'SW_AGENT_NAME',
  SW_AGENT_TRACE_IGNORE_PATH: 'SW_AGENT_IGNORE_PATH',
  SW_AGENT_SAMPLE: 'SW_AGENT_SAMPLE_RATE',
  SW_AGENT_REPORTER_GRPC_BACKEND_SERVICE: 'SW_AGENT_COLLECTOR_BACKEND_SERVICES',
  SW_AGENT_REPORTER_GRPC_AUTHENTICATION: 'SW_AGENT_AUTHENTICATION',
  SW_AGENT_REPORTER_GRPC_MAX_SEND_QUEUE: 'SW_AGENT_MAX_BUFFER_SIZE',
  SW_AGENT_TRACE_REPORTER_MAX_BUFFER_SIZE: 'SW_AGENT_MAX_BUFFER_SIZE',
  SW_AGENT_REPORTER_GRPC_TLS_ENABLE: 'SW_AGENT_FORCE_TLS',
  SW_AGENT_HEARTBEAT_PERIOD: 'SW_AGENT_HEARTBEAT_MS',
  SW_AGENT_COLLECTOR_HEARTBEAT_PERIOD: 'SW_AGENT_HEARTBEAT_MS',
  SW_AGENT_COLLECTOR_HEARTBEAT_PERIOD_SECONDS: 'SW_AGENT_HEARTBEAT_MS',
  SW_GRPC_SSL_TRUSTED_CA_PATH: 'SW_AGENT_SSL_TRUSTED_CA_PATH',
  SW_AGENT_DISABLE: 'SW_DISABLE',
};

/** Variables and options of other agents that nothing here corresponds to, and why. */
const WITHOUT_COUNTERPART: Readonly<Record<string, string | undefined>> = {
  SW_COLD_ENDPOINT: 'the first request of a function is not marked',
  coldEndpoint: 'the first request of a function is not marked',
  SW_AGENT_TRACE_TIMEOUT: 'each call to the backend has a limit of its own',
  traceTimeout: 'each call to the backend has a limit of its own',
  SW_LOGGING_TARGET: 'the log goes to stderr, or to the logger given to start()',
  SW_AWS_LAMBDA_FLUSH: 'AWS Lambda is not traced',
  awsLambdaFlush: 'AWS Lambda is not traced',
  SW_AWS_LAMBDA_CHAIN: 'AWS Lambda is not traced',
  awsLambdaChain: 'AWS Lambda is not traced',
  SW_AWS_SQS_CHECK_BODY: 'the body of a message is not searched for headers',
  awsSQSCheckBody: 'the body of a message is not searched for headers',
  SW_AGENT_COLLECTOR_GRPC_CHANNEL_CHECK_INTERVAL: 'a lost connection is noticed at once',
  SW_AGENT_SPAN_LIMIT: 'the limit is 300 spans a segment, or agent.span_limit_per_segment of the dynamic configuration',
};

const LOG_REPORTERS =
  'SW_AGENT_LOG_REPORTER_ACTIVE sends the warnings of the agent itself (in the Python agent: the logs of the application); ' +
  "SW_AGENT_APPLICATION_LOGS sends the application's own";

/**
 * @param unread variables that look as if they were for an agent
 * @param read all that are read
 * @param hasClash two variables for logs are set, one of which means another thing to another agent
 */
export function describeVariables(
  unread: readonly string[],
  read: readonly string[],
  hasClash: boolean,
): readonly string[] {
  const found = unread.map((name) => describeVariable(name, read)).filter((sentence) => sentence !== undefined);
  const shown = found.slice(0, MAX_SENTENCES);
  const more = found.length - shown.length;
  return [
    ...shown,
    ...(more > 0 ? [`${more} more variables that begin with SW_ are not read by skyanchor`] : []),
    ...(hasClash ? [LOG_REPORTERS] : []),
  ];
}

/** @returns undefined: an option that no other agent has either */
export function unreadKey(name: string): string | undefined {
  const reason = Object.hasOwn(WITHOUT_COUNTERPART, name) ? WITHOUT_COUNTERPART[name] : undefined;
  return reason === undefined ? undefined : withoutCounterpart(name, reason);
}

/** @returns undefined: it may well be for something else */
function describeVariable(name: string, read: readonly string[]): string | undefined {
  const [meant, reason] = [MEANT, WITHOUT_COUNTERPART].map((table) =>
    Object.hasOwn(table, name) ? table[name] : undefined,
  );
  if (reason !== undefined) return withoutCounterpart(name, reason);
  const ours = name.startsWith('SKYANCHOR_') ? name.replace('SKYANCHOR_', 'SW_AGENT_') : undefined;
  if (ours !== undefined) return read.includes(ours) ? didYouMean(name, ours) : undefined;
  const near = meant ?? closestVariable(name, read);
  if (near !== undefined) return didYouMean(name, near);
  return name.startsWith('SW_AGENT_') ? `${name} is not read by skyanchor` : undefined;
}

/** Without the prefix that all have in common, which would make everything near. */
function closestVariable(name: string, read: readonly string[]): string | undefined {
  const bare = read.map((variable) => variable.replace(PREFIX, ''));
  const near = closestMatch(name.replace(PREFIX, ''), bare);
  return near === undefined ? undefined : read[bare.indexOf(near)];
}

const PREFIX = /^SW_(?:AGENT_)?/;

function didYouMean(name: string, meant: string): string {
  return `${name} is not read by skyanchor; did you mean ${meant}?`;
}

function withoutCounterpart(name: string, reason: string): string {
  return `${name} has no counterpart in skyanchor: ${reason}`;
}
