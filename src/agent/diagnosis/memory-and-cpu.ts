import { createWriteStream } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import type { Session } from 'node:inspector';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { getHeapSnapshot } from 'node:v8';
import type { Clock } from '../../base/clock';
import { toIso } from '../../base/time';

/** Where files go, by preference: the operator looks beside the command file. */
export interface FilesOptions {
  readonly clock: Clock;
  readonly commandFile: string | undefined;
}

/** What is in memory may be secret. */
const OWNER_ONLY = 0o600;

/** Writes all that is in the heap. The process stands still meanwhile. @returns the file's name, for the answer */
export async function heapSnapshot(options: FilesOptions, signal: AbortSignal): Promise<string> {
  const { file, handle } = await create('Heap', 'heapsnapshot', options);
  try {
    // By the descriptor: what is at its name by then may be another file.
    await pipeline(getHeapSnapshot(), createWriteStream(file, { fd: handle }), { signal });
    return `file=${file}`;
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

/** Watches for some time what the CPU does. @returns the file's name, for the answer */
export async function cpuProfile(ms: number, options: FilesOptions, signal: AbortSignal): Promise<string> {
  const { Session } = process.getBuiltinModule('node:inspector');
  const session = new Session();
  session.connect();
  try {
    await post(session, 'Profiler.enable');
    await post(session, 'Profiler.start');
    await wait(ms, options.clock, signal);
    const profile = await stopProfiler(session);
    const { file, handle } = await create('CPU', 'cpuprofile', options);
    try {
      await handle.writeFile(JSON.stringify(profile)).finally(() => handle.close());
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    }
    return `file=${file}`;
  } finally {
    session.disconnect();
  }
}

function post(session: Session, method: string): Promise<void> {
  return new Promise((resolve, reject) => {
    session.post(method, (error) => (error ? reject(error) : resolve()));
  });
}

function stopProfiler(session: Session): Promise<object> {
  return new Promise((resolve, reject) => {
    session.post('Profiler.stop', (error, answer) => (error ? reject(error) : resolve(answer.profile)));
  });
}

function wait(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      timer.cancel();
      reject(signal.reason as Error);
    };
    const timer = clock.after(ms, () => {
      signal.removeEventListener('abort', end);
      resolve();
    });
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

/** A new file, beside the command file or, where nothing can be written there, in the system's folder for such. */
async function create(
  kind: string,
  extension: string,
  { clock, commandFile }: FilesOptions,
): Promise<{ readonly file: string; readonly handle: FileHandle }> {
  const time = toIso(clock.now()).replace(/[:.]/g, '-');
  const name = `${kind}.${time}.${process.pid}.${extension}`;
  const folders = commandFile === undefined ? [] : [path.dirname(commandFile)];
  let fault: unknown;
  for (const folder of [...folders, tmpdir()]) {
    const file = path.join(folder, name);
    try {
      return { file, handle: await open(file, 'wx', OWNER_ONLY) };
    } catch (error) {
      fault = error;
    }
  }
  throw fault;
}
