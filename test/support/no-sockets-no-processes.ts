/*
 * The guard of the unit tests: what would open a socket or start a process throws. A test that needs one belongs to
 * another layer (CONTRIBUTING.md).
 */
import childProcess from 'node:child_process';
import dgram from 'node:dgram';
import net from 'node:net';
import workerThreads from 'node:worker_threads';

/** Core modules are shared by all test files of one Jest worker, so only the first file sets the guard. */
const GUARDED = Symbol.for('skyanchor.test.guarded');

function forbid(owner: object, ...names: readonly string[]): void {
  for (const name of names) {
    const value = (): never => {
      throw new Error(`a unit test called ${name}(): it must open no socket and start no process (CONTRIBUTING.md)`);
    };
    Object.defineProperty(owner, name, { configurable: true, writable: true, value });
  }
}

const shared = net as { [GUARDED]?: boolean };
if (!shared[GUARDED]) {
  shared[GUARDED] = true;
  forbid(net.Socket.prototype, 'connect');
  forbid(net.Server.prototype, 'listen');
  forbid(dgram, 'createSocket');
  // spawn, exec, execFile and fork all call this one.
  forbid(childProcess.ChildProcess.prototype, 'spawn');
  forbid(childProcess, 'spawnSync', 'execSync', 'execFileSync');
  forbid(workerThreads, 'Worker');
}
