import path from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

const CONTAINER = /^ProcessContainer\w*\.js$/;

/** pm2 starts a script of its own, which loads the application once preloaded modules have run. */
export function isPm2Container(script: string): boolean {
  return CONTAINER.test(path.basename(script));
}

/**
 * What pm2 has yet to put into the environment: in cluster mode it hands that over as JSON in one variable, and spreads
 * it after preloaded modules have run. `undefined`: nothing.
 */
export function pm2Environment(argv: readonly string[], { pm2_env: text }: Env): Env | undefined {
  return text === undefined || !isPm2Container(argv[1] ?? '') ? undefined : parse(text);
}

function parse(text: string): Env {
  try {
    const values: unknown = JSON.parse(text);
    if (typeof values !== 'object' || values === null) return {};
    // As an assignment to `process.env` makes them.
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
  } catch {
    return {};
  }
}
