import { MAX_GLOB_LENGTH } from '../base/glob';
import { numberType, type OptionType } from './option-type';
import type { KeepOptions, SamplingRule } from '../api/options';

const MAX_RULES = 64;
const rate = numberType({ least: 0, most: 1 });
const perSecond = numberType({ least: 1, most: 1_000_000, integer: true });
const milliseconds = numberType({ least: 1, most: 86_400_000 });

export const samplingRules: OptionType<readonly SamplingRule[]> = {
  expected: `at most ${MAX_RULES} rules {path, rate?, perSecond?}: a glob, a number from 0 to 1, an integer from 1`,
  parse: () => undefined,
  accept(value) {
    if (!Array.isArray(value) || value.length > MAX_RULES) return undefined;
    const rules = value.map(readRule).filter((rule) => rule !== undefined);
    return rules.length === value.length ? rules : undefined;
  },
};

export const keep: OptionType<KeepOptions> = {
  expected: '{errors?, slowerThanMs?}: true or false, milliseconds from 1',
  parse: () => undefined,
  accept(value) {
    const fields = fieldsOf(value, ['errors', 'slowerThanMs']);
    if (!fields) return undefined;
    const { errors, slowerThanMs } = fields;
    if (errors !== undefined && typeof errors !== 'boolean') return undefined;
    if (slowerThanMs !== undefined && milliseconds.accept(slowerThanMs) === undefined) return undefined;
    return Object.freeze({ errors, slowerThanMs: milliseconds.accept(slowerThanMs) });
  },
};

function readRule(value: unknown): SamplingRule | undefined {
  const fields = fieldsOf(value, ['path', 'rate', 'perSecond']);
  if (!fields) return undefined;
  const { path } = fields;
  if (typeof path !== 'string' || path === '' || path.length > MAX_GLOB_LENGTH) return undefined;
  if (fields['rate'] === undefined && fields['perSecond'] === undefined) return undefined;
  if (fields['rate'] !== undefined && rate.accept(fields['rate']) === undefined) return undefined;
  if (fields['perSecond'] !== undefined && perSecond.accept(fields['perSecond']) === undefined) return undefined;
  return Object.freeze({ path, rate: rate.accept(fields['rate']), perSecond: perSecond.accept(fields['perSecond']) });
}

/** `undefined`: it is no object, or has other fields. */
function fieldsOf(value: unknown, names: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  try {
    const entries = Object.entries(value);
    return entries.every(([name]) => names.includes(name)) ? Object.fromEntries(entries) : undefined;
  } catch {
    // A getter of the application's.
    return undefined;
  }
}
