export const INSTANCE_NAME_EXPECTED = '1 to 200 characters without blanks and control characters, no leading @';

const INSTANCE_NAME = /^(?!@)[^\s\p{Cc}\p{Cs}]{1,200}$/u;
const PLACEHOLDER = /\$\{(?<name>[A-Za-z_]\w*)(?::(?<fallback>[^}]*))?\}/g;

/** What placeholders stand for. */
export interface PlaceholderContext {
  readonly hostname: string;
  readonly pid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

type FilledName =
  { readonly type: 'name'; readonly name: string } | { readonly type: 'fault'; readonly expected: string };

/**
 * Fills `${HOSTNAME}`, `${pid}` and `${ENV_NAME:default}`. A variable that is set but empty counts as not set, as
 * everywhere; `HOSTNAME` is the host's own name even where a shell exports another.
 */
export function fillInstanceName(template: string, { hostname, pid, env }: PlaceholderContext): FilledName {
  const missing: string[] = [];
  const fill = (_whole: string, name: string, fallback: string | undefined): string => {
    if (name === 'HOSTNAME') return hostname;
    if (name === 'pid') return String(pid);
    const value = env[name] ?? '';
    if (value === '' && fallback === undefined) missing.push(name);
    return value === '' ? (fallback ?? '') : value;
  };
  const name = template.replace(PLACEHOLDER, fill);
  if (missing.length > 0) {
    const first = missing[0] ?? '';
    return { type: 'fault', expected: `${missing.join(', ')} to be set, or a default: \${${first}:default}` };
  }
  // What could not be read as a placeholder is a slip, not a name.
  if (template.replace(PLACEHOLDER, '').includes('${'))
    return { type: 'fault', expected: 'placeholders of the form ${HOSTNAME}, ${pid} or ${ENV_NAME:default}' };
  return INSTANCE_NAME.test(name) ? { type: 'name', name } : { type: 'fault', expected: INSTANCE_NAME_EXPECTED };
}
