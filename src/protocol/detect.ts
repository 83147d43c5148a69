import { failed, ok, type Outcome } from '../base/outcome';
import type { UnaryCaller } from '../transport/call/unary-call';
import { protocolOf, type Dialect, type Protocol } from '../model/dialect';
import { encodeServices, V2Path } from './v2/register-messages';
import type { InstanceName } from '../model/registration';
import { encodePing, v3Paths } from './v3/management-messages';

interface Probe {
  readonly dialect: Dialect;
  readonly path: string;
  readonly request: Buffer;
}

/** In real names, since an answer of OK has registered them. */
interface Who {
  readonly serviceName: string;
  readonly v3Instance: InstanceName;
}

/**
 * Asks a backend what it speaks, in words that it answers truly: only OK and UNIMPLEMENTED decide, everything else says
 * nothing. Never by `collect`, which exists in both protocols with other messages: one in a hundred v3 segments reads as
 * a v2 one, and vanishes.
 *
 * @param pinned the dialects of the other protocol are not asked for
 * @returns `failed` with UNIMPLEMENTED where all are: a wrong port, a node that receives nothing, a proxy
 */
export async function detect(
  ask: UnaryCaller,
  who: Who,
  pinned: Protocol | undefined,
  signal: AbortSignal,
): Promise<Outcome<Dialect>> {
  // There is nothing to choose from.
  if (pinned === 'v2') return ok('v2');
  let reason = '';
  for (const { dialect, path, request } of probesOf(who, pinned)) {
    const answer = await ask(path, request, signal);
    if (answer.status === 'ok') return ok(dialect);
    if (answer.status !== 'failed' || answer.code !== 'UNIMPLEMENTED') return answer;
    reason = answer.reason;
  }
  const what = pinned ? `agents of protocol ${pinned}` : 'agents';
  return failed('UNIMPLEMENTED', `nothing on this port receives ${what} (${reason})`);
}

function probesOf({ serviceName, v3Instance }: Who, pinned: Protocol | undefined): readonly Probe[] {
  const ping = encodePing(v3Instance);
  const probes: readonly Probe[] = [
    { dialect: 'v3', path: v3Paths('v3').keepAlive, request: ping },
    { dialect: 'v2', path: V2Path.registerService, request: encodeServices([serviceName]) },
    { dialect: 'v3-unpackaged', path: v3Paths('v3-unpackaged').keepAlive, request: ping },
  ];
  return probes.filter(({ dialect }) => pinned === undefined || protocolOf(dialect) === pinned);
}
