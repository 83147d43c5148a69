import { isMainThread } from 'node:worker_threads';
import { start } from './agent/start';
import { AgentError } from './api/errors';
import { errorMessage } from './base/text';
import { writeStderr } from './base/log';

// For `node --require skyanchor/register` and `node --import skyanchor/register`. Whatever is wrong, the application runs.
if (isMainThread) {
  try {
    start();
  } catch (error) {
    const lines =
      error instanceof AgentError && error.faults.length > 0 ? error.faults.map(describe) : [errorMessage(error)];
    writeStderr(['the application runs untraced:', ...lines].map((line) => `skyanchor error: ${line}\n`).join(''));
  }
}

function describe({ name, value, source, expected }: AgentError['faults'][number]): string {
  return `${name} = ${value} (${source}): expected ${expected}`;
}
