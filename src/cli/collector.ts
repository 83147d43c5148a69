import { parseArgs } from 'node:util';
import { AgentError, type Fault } from '../api/errors';
import { errorMessage } from '../base/text';
import { startCollector, type CollectorOptions, type Protocol } from '../testing/index';
import { print, wrongUsage } from './print';
import { usage } from './usage';

const OPTIONS = {
  port: { type: 'string', default: '11800' },
  'http-port': { type: 'string', default: '12800' },
  protocol: { type: 'string', default: 'v2' },
  storage: { type: 'string', default: 'memory' },
  nodes: { type: 'string', default: '1' },
  help: { type: 'boolean', default: false },
} as const;

/**
 * `skyanchor collector`: the embedded backend, until SIGINT or SIGTERM.
 *
 * @returns the exit code: 0 stopped by a signal, 1 it could not start, 2 wrong usage
 */
export async function collector(argv: readonly string[]): Promise<number> {
  const call = read(argv);
  if (call === 'help') {
    print(usage('collector'));
    return 0;
  }
  if (typeof call === 'string') return wrongUsage('collector', call);
  const signal = nextSignal();
  try {
    return await run(call, signal.arrives);
  } catch (error) {
    if (error instanceof AgentError) return wrongUsage('collector', ...error.faults.map(sentence));
    process.stderr.write(`skyanchor collector: ${errorMessage(error)}\n`);
    return 1;
  } finally {
    signal.forget();
  }
}

async function run(options: CollectorOptions, ends: Promise<void>): Promise<0> {
  const backend = await startCollector(options);
  const storage = options.storage ?? 'memory';
  const page = `http://${backend.httpAddress ?? ''}/`;
  print(
    `listening on ${backend.addresses.join(',')} (protocol ${backend.protocol}, storage ${storage}), lists: ${page}\n`,
  );
  await ends;
  await backend.stop();
  return 0;
}

/** A text other than `help`: what is wrong. */
function read(argv: readonly string[]): CollectorOptions | string {
  try {
    const { values } = parseArgs({ args: [...argv], options: OPTIONS });
    if (values.help) return 'help';
    return {
      port: wholeNumber(values.port),
      httpPort: wholeNumber(values['http-port']),
      // Passed on as it was typed: the testing module reports what it expects.
      protocol: values.protocol as Protocol,
      storage: values.storage,
      nodes: wholeNumber(values.nodes),
    };
  } catch (error) {
    return errorMessage(error);
  }
}

/** By the flag's name, not the option's. */
function sentence({ name, value, expected }: Fault): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${value}: expected ${expected}`;
}

/** A value that is no whole number is passed on as it was typed: the testing module reports what it expects. */
function wholeNumber(text: string): number {
  return (/^\d+$/.test(text) ? Number(text) : text) as number;
}

function nextSignal(): { readonly arrives: Promise<void>; readonly forget: () => void } {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  let onSignal = (): void => undefined;
  const arrives = new Promise<void>((resolve) => {
    onSignal = () => resolve();
  });
  for (const signal of signals) process.on(signal, onSignal);
  return {
    arrives,
    forget: () => {
      for (const signal of signals) process.removeListener(signal, onSignal);
    },
  };
}
