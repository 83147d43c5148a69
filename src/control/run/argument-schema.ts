import type { ArgumentSchema, OptionSchema, ValueSchema } from '../../api/agent';
import type { Command } from '../syntax/command';
import type { Verb } from './verbs';

const TYPES = ['string', 'integer', 'number', 'boolean'] as const;

type Parts = Readonly<Record<string, unknown>>;

/**
 * The schema of an application's verb, as a copy: later changes to the application's objects have no effect.
 * Throws an error whose message names what is wrong.
 */
export function readSchema(args: unknown, options: unknown): Pick<Verb, 'args' | 'options'> {
  if (args !== undefined && !isList(args)) throw new TypeError(`args: an array, ${AT_MOST}`);
  if (options !== undefined && !hasParts(options)) throw new TypeError('options: an object');
  return {
    ...(args && { args: args.map((schema: unknown, at) => readArgument(schema, `args[${at}]`)) }),
    ...(options && {
      options: Object.fromEntries(
        Object.entries(options).map(([name, schema]) => [name, readOption(schema, `options.${name}`)]),
      ),
    }),
  };
}

function readArgument(schema: unknown, at: string): ArgumentSchema {
  if (!hasParts(schema)) throw new TypeError(`${at}: an object`);
  const { name } = schema;
  if (typeof name !== 'string' || name === '') throw new TypeError(`${at}.name: text`);
  return { name, ...readValue(schema, at), optional: readSwitch(schema['optional'], `${at}.optional`) };
}

function readOption(schema: unknown, at: string): OptionSchema {
  if (!hasParts(schema)) throw new TypeError(`${at}: an object`);
  return { ...readValue(schema, at), required: readSwitch(schema['required'], `${at}.required`) };
}

function readValue({ type = 'string', values }: Parts, at: string): ValueSchema {
  const known = TYPES.find((one) => one === type);
  if (!known) throw new TypeError(`${at}.type: ${TYPES.join(', ')}`);
  if (values === undefined) return { type: known };
  if (!isList(values) || !values.every((value) => typeof value === 'string'))
    throw new TypeError(`${at}.values: an array of text, ${AT_MOST}`);
  return { type: known, values: [...values] };
}

function readSwitch(value: unknown, at: string): boolean {
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw new TypeError(`${at}: true or false`);
  return value;
}

/** More is a slip, or an array that claims to have billions of items. */
const MAX_ITEMS = 1_000;
const AT_MOST = `at most ${MAX_ITEMS} items`;

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length <= MAX_ITEMS;
}

function hasParts(value: unknown): value is Parts {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Why this verb cannot be run with these arguments, and what was expected; undefined: it can. Values are not repeated. */
export function refusalOfArguments(verb: Verb, command: Command): string | undefined {
  if (!verb.args && !verb.options) return undefined;
  return (
    breachOfArgs(verb.args ?? [], command.args) ??
    breachOfOptions(verb.options ?? {}, command.options) ??
    verb.refuse?.(command.args)
  );
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
