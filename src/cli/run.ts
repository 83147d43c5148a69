import { hostname } from 'node:os';
import path from 'node:path';
import { takeFlags } from '../config/flags';
import { toVariables } from '../config/variables';
import { withRequire } from './node-options';
import { runChild } from './run-child';
import { wrongUsage } from './wrong-usage';

const REGISTER = path.join(__dirname, '..', 'register.js');

/** `skyanchor run [--name value…] -- command…` */
export async function run(argv: readonly string[]): Promise<number> {
  const { given, faults, rest } = takeFlags(argv, '--');
  const variables = toVariables(given, {
    cwd: process.cwd(),
    hostname: hostname(),
    pid: process.pid,
    env: process.env,
  });
  const reasons = [...faults, ...variables.faults].map(
    ({ name, value, source, expected }) => `${name} = ${value} (${source}): expected ${expected}`,
  );
  const at = rest.indexOf('--');
  const [command = '', ...args] = at === -1 ? [] : rest.slice(at + 1);
  if (at !== 0 && rest.length > 0) reasons.push(`${rest[0] ?? ''}: expected -- before the command`);
  else if (command === '') reasons.push('expected a command behind --');
  if (reasons.length > 0) return wrongUsage('run', ...reasons);
  const NODE_OPTIONS = withRequire(process.env['NODE_OPTIONS'], REGISTER);
  return runChild(command, args, { ...process.env, ...variables.env, NODE_OPTIONS });
}
