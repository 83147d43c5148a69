/**
 * `NODE_OPTIONS` that also preloads a file. Node splits it at blanks; in double quotes a blank is none, and a backslash
 * takes the next character as it is.
 */
export function withRequire(nodeOptions: string | undefined, file: string): string {
  const quoted = `--require "${file.replace(/["\\]/g, '\\$&')}"`;
  const before = nodeOptions?.trim() ?? '';
  return before === '' ? quoted : `${before} ${quoted}`;
}
