import type { Verb } from './verb';
import type { ArgumentSchema, OptionSchema, ValueSchema } from '../../api/agent';

const TYPES = ['string', 'integer', 'number', 'boolean'] as const;

type Parts = Readonly<Record<string, unknown>>;

/**
 * The schema of an application's verb, as a copy: what becomes of the application's objects later changes nothing.
 * Throws an error that says what is wrong with it.
 */
export function readSchema(args: unknown, options: unknown): Pick<Verb, 'args' | 'options'> {
  if (args !== undefined && !Array.isArray(args)) throw new TypeError('args: an array');
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
  if (!Array.isArray(values) || !values.every((value) => typeof value === 'string'))
    throw new TypeError(`${at}.values: an array of text`);
  return { type: known, values: [...values] };
}

function readSwitch(value: unknown, at: string): boolean {
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw new TypeError(`${at}: true or false`);
  return value;
}

function hasParts(value: unknown): value is Parts {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
