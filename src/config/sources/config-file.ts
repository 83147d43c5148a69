import path from 'node:path';
import type { Fault } from '../../api/errors';
import { errorMessage } from '../../base/text';
import { refusalOf } from './found-file';
import { faultOf, type ProvidedValue, type LayerContent } from './provided-value';
import { readKeys } from './keys';
import { closeFile, openConfigFile, readFile, type FailedFile, type OpenedFile } from './opened-file';

const CONFIG_FILE = 'skyanchor.config.json';

export interface FileContent extends LayerContent {
  /** Where the relative paths in it begin. */
  readonly folder: string;
}

/** The file that was named: it has to be there. Who named it answers for it. */
export function readNamedFile(named: ProvidedValue, cwd: string): FileContent {
  const file = path.resolve(cwd, String(named.value));
  const unreadable = (reason: string): Fault => faultOf(named, `a readable file of JSON: ${reason}`);
  const opened = openConfigFile(file);
  if (opened) return contentOf(file, opened, unreadable);
  return { given: [], faults: [unreadable('there is none')], folder: cwd };
}

/** What was found where no file is named. */
export interface FoundFile {
  /** Undefined: there is none that counts. */
  readonly content: FileContent | undefined;
  /** What does not count, and why: a sentence each. */
  readonly refusals: readonly string[];
  /** There is a file of ours, and what it says cannot be trusted. */
  readonly isOpen: boolean;
}

/**
 * The first of the folders that has a `skyanchor.config.json`. A file that another user may have put there is as good as
 * none. One of ours that others may write says which service this is and where its token goes: without it we would be
 * another service, with it perhaps a stranger's.
 */
export function readFileBeside(folders: readonly string[], mainScript: string | undefined): FoundFile {
  const refusals: string[] = [];
  for (const folder of folders) {
    const file = path.join(folder, CONFIG_FILE);
    const opened = openConfigFile(file);
    if (!opened) continue;
    const refusal = refusalOf(file, opened.stats, mainScript);
    if (refusal?.kind === 'foreign') {
      closeFile(opened);
      refusals.push(`${file} is ignored: it ${refusal.rule}; a file that is to count is named by SW_AGENT_CONFIG_FILE`);
      continue;
    }
    if (refusal) {
      closeFile(opened);
      refusals.push(`the application runs untraced: ${file} ${refusal.rule}`);
      return { content: undefined, refusals, isOpen: true };
    }
    const unreadable = (reason: string): Fault => ({
      name: CONFIG_FILE,
      value: folder,
      source: `file ${CONFIG_FILE}`,
      expected: `a readable file of JSON: ${reason}`,
    });
    const { given, ...content } = contentOf(file, opened, unreadable);
    const counting = given.filter(({ row }) => !row.widensTrust);
    for (const { row } of given)
      if (row.widensTrust) refusals.push(`${row.name} in ${file} does not count: the file was found, not named`);
    return { content: { ...content, given: counting }, refusals, isOpen: false };
  }
  return { content: undefined, refusals, isOpen: false };
}

function contentOf(file: string, opened: OpenedFile, unreadable: (reason: string) => Fault): FileContent {
  const folder = path.dirname(file);
  const text = readFile(opened);
  const parsed = text.status === 'ok' ? parse(text.text) : text;
  if (parsed.status === 'failed') return { given: [], faults: [unreadable(parsed.reason)], folder };
  return { ...readKeys(parsed.value, 'file', `file ${path.basename(file)}`), folder };
}

function parse(text: string): { readonly status: 'ok'; readonly value: unknown } | FailedFile {
  try {
    return { status: 'ok', value: JSON.parse(text.replace(/^\uFEFF/, '')) };
  } catch (error) {
    // Only the place: the parser's own words quote the text, which may hold the token.
    const position = /position \d+/.exec(errorMessage(error))?.[0];
    return { status: 'failed', reason: position === undefined ? 'it is not JSON' : `it is not JSON at ${position}` };
  }
}
