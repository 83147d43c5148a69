import path from 'node:path';

/** Both absolute. */
export interface Located {
  readonly commandFile: string;
  readonly statusFile: string;
}

/**
 * The files that a call is about: `--file`, else the environment's. Where the environment names the command file, or
 * the same one, its status file counts as well, as it does for the agents.
 *
 * @returns undefined: no file is named
 */
export function locate(file: string | undefined, env: NodeJS.ProcessEnv = process.env): Located | undefined {
  const ofEnvironment = nonEmpty(env['SW_AGENT_COMMAND_FILE']);
  const named = file ?? ofEnvironment;
  if (named === undefined) return undefined;
  const commandFile = path.resolve(named);
  const isOfEnvironment = ofEnvironment !== undefined && path.resolve(ofEnvironment) === commandFile;
  const statusFile = isOfEnvironment ? nonEmpty(env['SW_AGENT_STATUS_FILE']) : undefined;
  return { commandFile, statusFile: path.resolve(statusFile ?? `${commandFile}.status.json`) };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
