import { failed, ok, type Outcome } from '../base/outcome';
import type { Dialect, ProtocolName } from '../model/dialect';
import type { UnaryCaller } from '../transport/call/unary-call';
import type { Probe, ProbedNames, Protocol } from './protocol';
import { v2Protocol } from './v2/protocol';
import { v3Protocol } from './v3/protocol';

/** All protocols, the most likely first. */
export const PROTOCOLS: Readonly<Record<ProtocolName, Protocol>> = { v3: v3Protocol, v2: v2Protocol };

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
  names: ProbedNames,
  pinned: ProtocolName | undefined,
  signal: AbortSignal,
): Promise<Outcome<Dialect>> {
  const [first, ...others] = probesOf(pinned);
  // There is nothing to choose from.
  if (first && others.length === 0) return ok(first.dialect);
  let reason = '';
  for (const { dialect, path, request } of probesOf(pinned)) {
    const answer = await ask(path, request(names), signal);
    if (answer.status === 'ok') return ok(dialect);
    if (answer.status !== 'failed' || answer.code !== 'UNIMPLEMENTED') return answer;
    reason = answer.reason;
  }
  const what = pinned ? `agents of protocol ${pinned}` : 'agents';
  return failed('UNIMPLEMENTED', `nothing on this port receives ${what} (${reason})`);
}

/** The first probe of each protocol, then the second of each. */
function probesOf(pinned: ProtocolName | undefined): readonly Probe[] {
  const spoken = pinned ? [PROTOCOLS[pinned]] : Object.values(PROTOCOLS);
  return spoken
    .flatMap(({ probes }) => probes.map((probe, turn) => ({ probe, turn })))
    .sort((one, other) => one.turn - other.turn)
    .map(({ probe }) => probe);
}
