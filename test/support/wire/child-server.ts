import { spawn, type ChildProcess } from 'node:child_process';
import { until } from '../until';

/** Servers in processes of their own, for what no server can do to itself within a test. */
export class ChildServers {
  private readonly children: ChildProcess[] = [];

  /** Accepts nothing: once its queue is full, connecting to it neither succeeds nor fails. */
  async deaf(): Promise<number> {
    return this.start(`
      const server = require('node:net').createServer().listen(0, '127.0.0.1', 1, () => {
        require('node:fs').writeSync(1, server.address().port + '\\n');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30_000);
      });
    `);
  }

  /** Grants all the room there is for segments, and is stopped in its tracks when the first one comes. */
  async stunned(): Promise<number> {
    return this.start(`
      const http2 = require('node:http2');
      const server = http2.createServer({ settings: { initialWindowSize: 2 ** 31 - 1 } });
      server.on('session', (session) => session.setLocalWindowSize(2 ** 31 - 1));
      server.on('stream', (stream, headers) => {
        if (headers[':path'].endsWith('/collect')) return process.kill(process.pid, 'SIGSTOP');
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(Buffer.from('000000000c0a0a0a066f72646572731003', 'hex'));
      });
      server.listen(0, '127.0.0.1', () => console.log(server.address().port));
    `);
  }

  kill(): void {
    for (const child of this.children.splice(0)) child.kill('SIGKILL');
  }

  /** @returns the port that it prints */
  private async start(script: string): Promise<number> {
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.children.push(child);
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
    return Number(await until(() => /^\d+(?=\n)/.exec(text)?.[0]));
  }
}
