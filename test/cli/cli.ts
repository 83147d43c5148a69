import path from 'node:path';
import { startApp, type App, type AppEnd, type AppOptions } from '../support/app';

const ROOT = path.join(__dirname, '..', '..');
const MAIN = path.join(ROOT, 'dist', 'cli', 'main.js');

/** A tiny program of the fixtures. */
export const app = (name: string): string => path.join(ROOT, 'fixtures', 'apps', `${name}.js`);

/** `skyanchor …`, as from a shell. */
export function startCli(args: readonly string[], options: Omit<AppOptions, 'args'> = {}): App {
  return startApp(MAIN, { ...options, args });
}

export interface Outcome extends AppEnd {
  readonly stdout: string;
  readonly stderr: string;
}

export async function cli(args: readonly string[], options: Omit<AppOptions, 'args'> = {}): Promise<Outcome> {
  const started = startCli(args, options);
  const end = await started.ended;
  return { ...end, stdout: started.stdout, stderr: started.stderr };
}
