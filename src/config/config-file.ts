import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { messageOf, type Fault } from '../base/errors';
import { faultOf, type Given, type LayerContent } from './given';
import { readKeys } from './keys';

export const CONFIG_FILE = 'skyanchor.config.json';

export interface FileContent extends LayerContent {
  /** Where the relative paths in it begin. */
  readonly folder: string;
}

/** The file that was named: it has to be there. */
export function readNamedFile(named: Given, cwd: string): FileContent {
  const file = path.resolve(cwd, String(named.value));
  const unreadable = (reason: string): Fault => faultOf(named, `a readable file of JSON: ${reason}`);
  return read(file, unreadable) ?? { given: [], faults: [unreadable('there is none')], folder: cwd };
}

/** The first of the folders that has a `skyanchor.config.json`; undefined: none has. */
export function readFileBeside(folders: readonly string[]): FileContent | undefined {
  for (const folder of folders) {
    const content = read(path.join(folder, CONFIG_FILE), (reason) => ({
      name: CONFIG_FILE,
      value: folder,
      source: `file ${CONFIG_FILE}`,
      expected: `a readable file of JSON: ${reason}`,
    }));
    if (content) return content;
  }
  return undefined;
}

function read(file: string, unreadable: (reason: string) => Fault): FileContent | undefined {
  const folder = path.dirname(file);
  const content = readText(file);
  if (!content) return undefined;
  const parsed = content.status === 'ok' ? parse(content.text) : content;
  if (parsed.status === 'failed') return { given: [], faults: [unreadable(parsed.reason)], folder };
  return { ...readKeys(parsed.value, 'file', `file ${path.basename(file)}`), folder };
}

interface Failed {
  readonly status: 'failed';
  readonly reason: string;
}

/** @returns undefined: there is no such file */
function readText(file: string): { readonly status: 'ok'; readonly text: string } | Failed | undefined {
  try {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (!stats) return undefined;
    // A pipe would hold the application's start up for as long as nobody writes.
    if (!stats.isFile()) return { status: 'failed', reason: 'not a regular file' };
    return { status: 'ok', text: readFileSync(file, 'utf8') };
  } catch (error) {
    return { status: 'failed', reason: messageOf(error) };
  }
}

function parse(text: string): { readonly status: 'ok'; readonly value: unknown } | Failed {
  try {
    return { status: 'ok', value: JSON.parse(text.replace(/^\uFEFF/, '')) };
  } catch (error) {
    // Only the place: the parser's own words quote the text, which may hold the token.
    const position = /position \d+/.exec(messageOf(error))?.[0];
    return { status: 'failed', reason: position === undefined ? 'it is not JSON' : `it is not JSON at ${position}` };
  }
}
