#!/usr/bin/env node
import { errorMessage } from '../base/text';
import { dispatch } from './dispatch';

// Not `process.exit`: what was written to a pipe has to get out first.
dispatch(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`skyanchor: ${errorMessage(error)}\n`);
    process.exitCode = 1;
  },
);
