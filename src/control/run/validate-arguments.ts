import type { Command } from '../syntax/command';
import type { Verb } from './verb';
import type { ArgumentSchema, OptionSchema, ValueSchema } from '../../api/agent';

/** Why this verb cannot be run with these arguments, naming what was expected; undefined: it can. Values are not repeated. */
export function violatedSchema(verb: Verb, command: Command): string | undefined {
  if (!verb.args && !verb.options) return undefined;
  return breachOfArgs(verb.args ?? [], command.args) ?? breachOfOptions(verb.options ?? {}, command.options);
}

function breachOfArgs(schemas: readonly ArgumentSchema[], args: readonly string[]): string | undefined {
  if (args.length > schemas.length) return `too many arguments, expected ${usage(schemas)}`;
  for (const [at, schema] of schemas.entries()) {
    const value = args[at];
    if (value === undefined) {
      if (!schema.optional) return `argument ${schema.name} is missing, expected ${usage(schemas)}`;
    } else if (!isFitting(schema, value)) {
      return `argument ${schema.name}: expected ${expectation(schema)}`;
    }
  }
  return undefined;
}

function breachOfOptions(
  schemas: Readonly<Record<string, OptionSchema>>,
  options: Command['options'],
): string | undefined {
  const given = new Map(options);
  for (const [name, value] of given) {
    const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
    if (!schema) return `unknown option ${name}, expected ${Object.keys(schemas).sort().join(', ') || 'none'}`;
    if (!isFitting(schema, value)) return `option ${name}: expected ${expectation(schema)}`;
  }
  for (const [name, { required }] of Object.entries(schemas)) {
    if (required && !given.has(name)) return `option ${name} is missing`;
  }
  return undefined;
}

function isFitting({ type = 'string', values }: ValueSchema, value: string): boolean {
  if (values) return values.includes(value);
  switch (type) {
    case 'string':
      return true;
    case 'integer':
      return /^-?\d+$/.test(value) && Number.isSafeInteger(Number(value));
    case 'number':
      return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value) && Number.isFinite(Number(value));
    case 'boolean':
      return value === 'true' || value === 'false';
  }
}

function expectation({ type = 'string', values }: ValueSchema): string {
  if (values) return `one of ${values.join(', ')}`;
  return { string: 'text', integer: 'a whole number', number: 'a number', boolean: 'true or false' }[type];
}

function usage(schemas: readonly ArgumentSchema[]): string {
  return schemas.map(({ name, optional }) => (optional ? `[${name}]` : `<${name}>`)).join(' ') || 'none';
}
