import { fault, makeCommand, type Draft, type Form } from './command';

/** `{"command":"reset","target":"orders-*","id":"chg-4711"}`; undefined for a text that is no JSON at all. */
export function parseJson(text: string): Form | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fault('expected a JSON object');
  return ofFields(new Map<string, unknown>(Object.entries(value)));
}

function ofFields(fields: Map<string, unknown>): Form {
  const take = (name: string): unknown => {
    const value = fields.get(name) ?? undefined;
    fields.delete(name);
    return value;
  };
  const verb = take('command');
  if (typeof verb !== 'string') return fault('command: expected a verb, such as "reset"');
  const draft: Draft = { verb, args: [], options: [] };

  const args = take('args') ?? [];
  if (!Array.isArray(args)) return fault('args: expected an array');
  for (const arg of args) {
    const text = textOf(arg);
    if (text === undefined) return fault('args: expected text, numbers and booleans');
    draft.args.push(text);
  }
  for (const name of ['target', 'id', 'expires'] as const) {
    const value = take(name);
    if (value === undefined) continue;
    const text = textOf(value);
    if (text === undefined) return fault(`${name}: expected text`);
    // Somebody who knows the line form writes "@orders-*" here too, and no instance name starts with @.
    draft[name] = name === 'target' && text.startsWith('@') ? text.slice(1) : text;
  }
  for (const [name, value] of fields) {
    const text = textOf(value);
    if (text === undefined) return fault('an option is text, a number or a boolean');
    draft.options.push([name, text]);
  }
  return makeCommand(draft);
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
