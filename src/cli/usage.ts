import { OPTION_ROWS } from '../config/option-table';

const COMMANDS = ['run', 'reset', 'status', 'doctor', 'spool', 'collector', 'demo'] as const;
export type CommandName = (typeof COMMANDS)[number];

const FLAGS = OPTION_ROWS.filter((row) => row.flag !== undefined).map((row): [string, string] => [
  `--${row.flag ?? ''}${row.isSwitch ? '' : ' …'}`,
  row.help,
]);

const FILE: [string, string] = ['--file F', 'the command file; without it, SW_AGENT_COMMAND_FILE of the environment'];

interface Page {
  readonly call: string;
  readonly what: string;
  readonly options: readonly [option: string, help: string][];
  readonly remarks?: string;
}

const PAGES: Readonly<Record<CommandName, Page>> = {
  run: {
    call: 'run [--name value…] -- command…',
    what: 'starts a Node program with the agent in it, passes signals on and exits as it does',
    options: FLAGS,
    remarks:
      'The program and every Node program that it starts get the agent; npm, npx, yarn and pnpm themselves do not.\n' +
      'Signals of the keyboard reach the program from the terminal. Exit: as the program; 2 wrong usage;\n' +
      '126 the program cannot be started, 127 it is not there.',
  },
  reset: {
    call: 'reset [--file F] [--target GLOB] [--id ID] [--wait SECONDS] [--json]',
    what: 'writes the command that makes agents register again',
    options: [
      FILE,
      ['--target GLOB', 'instances to reset; without it, all'],
      ['--id ID', 'at most once for an id'],
      ['--wait SECONDS', 'wait for the answers, and print each'],
      ['--json', 'print JSON'],
    ],
    remarks:
      'Exit: 0 written, or with --wait all live targets done; 1 one failed or refused; 2 wrong usage;\n' +
      '3 an instance did not answer in time, or there is none to answer.',
  },
  status: {
    call: 'status [--file F] [--format table|json|openmetrics] [--json] [--watch]',
    what: 'shows a row for each instance on this host',
    options: [
      FILE,
      ['--format F', 'table, json or openmetrics (for Prometheus)'],
      ['--json', 'print JSON'],
      ['--watch', 'keep it up to date until Ctrl+C'],
    ],
    remarks:
      'IDS: service id / instance id. HEARTBEAT: since the backend last answered, as of the last write to the status\n' +
      'file, at most 30 s ago. Below the table: what needs attention.\n' +
      'Exit: 0 all are registered, 1 not all, 2 wrong usage, 3 there is no live instance.',
  },
  doctor: {
    call: 'doctor [--json] [--file F] [--query URL] [--name value…]',
    what: 'finds out why SkyWalking shows nothing: configuration, backends, clock, running processes',
    options: [
      ['--json', 'print JSON'],
      ['--file F', 'look at the running processes of this command file, too'],
      ['--query URL', "the backend's port for queries, for its clock and version; default http://<backend>:12800"],
      ...FLAGS,
    ],
    remarks:
      'Reads the configuration as an agent would that is started in this folder and with this environment; what an\n' +
      'application gives to start() is not seen. Sends one segment to each backend, as the instance skyanchor-doctor\n' +
      'of the service. Exit: 0 nothing is wrong, 1 something is, 2 wrong usage.',
  },
  spool: {
    call: 'spool ls|send|drop [--directory D] [--service NAME] [--backends host:port,…] [--all] [--owner UID] [--json]',
    what: 'shows, delivers or removes segments that processes have left on the disk',
    options: [
      ['--directory D', 'the spool; without it, SW_AGENT_SPOOL_DIRECTORY of the environment'],
      ['--service NAME', 'of this service only'],
      ['--backends …', 'send: where to; without it, as the agents: SW_AGENT_COLLECTOR_BACKEND_SERVICES'],
      ['--all', 'drop: of every service'],
      ['--owner UID', 'send, drop: the user whose directory it may be, beside root, you and the one who called sudo'],
      ['--json', 'ls: print JSON'],
    ],
    remarks:
      'send and drop leave alone what belongs to a process that lives, or that another process delivers.\n' +
      'Exit: 0 done, 1 not all of it, 2 wrong usage.',
  },
  collector: {
    call: 'collector [--port 11800] [--http-port 12800] [--protocol v2|v3|v3-unpackaged] [--storage memory|DIR] [--nodes N]',
    what: 'runs the embedded backend',
    options: [],
  },
  demo: { call: 'demo', what: 'shows the main job, step by step, on the embedded backend', options: [] },
};

export function isCommandName(text: string | undefined): text is CommandName {
  return COMMANDS.some((name) => name === text);
}

/** The help of one command, or of all of them. */
export function usage(command?: CommandName): string {
  const everywhere = table([
    ['--help', 'print this'],
    ['--version', 'print the version'],
  ]);
  if (command === undefined) {
    const commands = table(COMMANDS.map((name) => [name, PAGES[name].what]));
    return `usage: skyanchor <command> …\n\n${commands}\n\n${everywhere}\n`;
  }
  const { call, what, options, remarks } = PAGES[command];
  const parts = [`usage: skyanchor ${call}`, what, table(options), everywhere, remarks];
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

function table(rows: readonly (readonly [left: string, right: string])[]): string {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}
