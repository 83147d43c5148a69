import { statSync } from 'node:fs';
import { CommandFile, type FileReading } from '../../../src/control/file/command-file';
import { stateKeyOf } from '../../../src/base/file/trusted-file';

/** A look at a command file, and the state in which it found it. */
export interface Look {
  readonly by: CommandFile;
  readonly state: string;
}

/**
 * Notes every look that channels of this process take at their files, so that a test can wait for a look, rather than
 * for a time, to show that nothing came of it.
 */
export function noteLooks(note: (look: Look) => void): () => void {
  const { read } = CommandFile.prototype;
  CommandFile.prototype.read = async function (this: CommandFile, known) {
    const reading = await read.call(this, known);
    note({ by: this, state: stateOf(reading, known) });
    return reading;
  };
  return () => {
    CommandFile.prototype.read = read;
  };
}

/** The state that the file is in now, as a look would find it. */
export function stateNow(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats ? stateKeyOf(stats) : 'missing';
}

function stateOf(reading: FileReading, known: string | undefined): string {
  if (reading.status === 'unchanged') return known ?? '';
  return 'key' in reading ? reading.key : reading.status;
}
