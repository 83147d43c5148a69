import type { Clock } from '../base/clock';
import type { Logger } from '../api/options';
import type { BackendProtocol, NodeRole } from './protocol';
import type { OapVersion } from './v2/exchange';
import type { TlsFiles } from './server/listener';

/** How `startCollector` behaves. Everything has a default; what does not fit is an AgentError that names it. */
export interface CollectorOptions {
  /** TCP port on 127.0.0.1; 0 (default) picks free ones. With several nodes the next ones follow it. */
  readonly port?: number;
  /** TCP port on 127.0.0.1 where `GET /` answers the lists as JSON; 0 picks a free one. Default: no HTTP. */
  readonly httpPort?: number;
  /**
   * The protocol it speaks, one at a time as real ones do; `collector.become` changes it. `v2` (default): OAP 6.x,
   * registration with integer ids. `v3`: OAP 8.4 and later, as 10.1 does. `v3-unpackaged`: OAP 8.0 to 8.3.
   */
  readonly protocol?: BackendProtocol;
  /** How many nodes share the storage, from 1 (default) to 16. Each is a gRPC server on a port of its own. */
  readonly nodes?: number;
  /**
   * What each node does, in the order of their numbers; `mixed` where none is given. An `aggregator` takes nothing from
   * agents; a `receiver` gives out no ids and deletes nothing: without another node new names lead to nothing.
   */
  readonly roles?: readonly NodeRole[];
  /**
   * `memory` (default), or the path of a directory, made if it is missing, whose ids survive a restart and a crash.
   * Several processes may use one directory at a time. Segments and heartbeats are in memory always, and so is all of
   * v3, which has no ids.
   */
  readonly storage?: string;
  /**
   * v2. Milliseconds from the question for a new name until its id is there; default 200, as on a real OAP 6.5. Also with 0
   * the first answer leaves the name out, and the next one has it.
   */
  readonly idDelayMs?: number;
  /**
   * v2. For this many milliseconds after every start, new names are answered empty and lead to nothing, as by a server that
   * has just opened its ports (about 1000 on a real one). Default 0.
   */
  readonly deafMs?: number;
  /**
   * v2. Registrations go to the first node of the sorted list, whichever took them. For this many milliseconds after
   * `stopNode` has stopped that node, the others still believe in it: new names are answered empty and lead to nothing,
   * known ones are answered. Default 0; on a real cluster it is the session of the coordinator, 40,000 with ZooKeeper's
   * defaults.
   */
  readonly sessionMs?: number;
  /**
   * v2. Milliseconds that a segment waits for names which have no id; then it is dropped. Default 5000, as on a real one.
   * It is looked at again every two and a half `idDelayMs`, at least every 500, at most every 10.
   */
  readonly nameWaitMs?: number;
  /**
   * Heartbeats, segments, dropped segments, meters and logs are removed when they are this many milliseconds old. Registered names never are.
   * Default: nothing expires.
   */
  readonly ttlMs?: number;
  /** How many of the newest entries each list keeps; `counts()` has the number of removed ones. Default 10000. */
  readonly maxRecords?: number;
  /**
   * The most services, instances, endpoints and network addresses, each; further ones are not taken: on v2 they
   * get no id. Default 100,000.
   */
  readonly maxNames?: number;
  /**
   * v2. Compare the name of every heartbeat with that of its id too; a mismatch is an error log that names the instance, and
   * a reset. Default false: real servers look at the id alone.
   */
  readonly checkHeartbeatName?: boolean;
  /**
   * v2. Whose rules hold where versions differ. `6.5` (default): takes endpoints `from=client`, exchanges the names of exit
   * and local spans, drops a ref whose parent endpoint is -1. `6.6`: refuses, leaves, takes.
   */
  readonly oap?: OapVersion;
  /** Calls whose metadata `authentication` differs get PERMISSION_DENIED, as from OAP 7.0 on. Default: no token. */
  readonly token?: string;
  /** Speak TLS. Default: plain text. */
  readonly tls?: TlsFiles;
  /** Where time comes from; default: the system's. Sockets always live by the system's. */
  readonly clock?: Clock;
  /** Where mismatching heartbeats and trouble with the storage are told; default: stderr. */
  readonly logger?: Logger;
}
