import type { ProtocolName } from '../model/dialect';
import type { Protocol } from './protocol';
import { v2Protocol } from './v2/protocol';
import { v3Protocol } from './v3/protocol';

/** All protocols, the most likely first. */
export const PROTOCOLS: Readonly<Record<ProtocolName, Protocol>> = { v3: v3Protocol, v2: v2Protocol };
