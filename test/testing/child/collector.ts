import { collector } from '../../../src/cli/collector';

/** `skyanchor collector` alone, as the command line calls it. */
void collector(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
