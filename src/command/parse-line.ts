import { fault, isOptionName, makeCommand, type Draft, type Form } from './command';

/** `verb [args…] [key=value…] [@target]`; options and target stand anywhere after the verb. */
export function parseLine(line: string): Form {
  const [verb = '', ...words] = line.split(/[ \t\r]+/);
  const draft: Draft = { verb, args: [], options: [] };
  for (const word of words) {
    const reason = word.startsWith('@') ? addTarget(draft, word.slice(1)) : addWord(draft, word);
    if (reason !== undefined) return fault(reason);
  }
  return makeCommand(draft);
}

function addTarget(draft: Draft, target: string): string | undefined {
  if (draft.target !== undefined) return 'a target is given twice';
  draft.target = target;
  return undefined;
}

function addWord(draft: Draft, word: string): string | undefined {
  const at = word.indexOf('=');
  const name = word.slice(0, at);
  const value = word.slice(at + 1);
  // An address with a query, `http://host/?a=b`, is an argument.
  if (at <= 0 || !isOptionName(name)) {
    draft.args.push(word);
  } else if (name === 'id' || name === 'expires') {
    if (draft[name] !== undefined) return `${name} is given twice`;
    draft[name] = value;
  } else {
    draft.options.push([name, value]);
  }
  return undefined;
}
