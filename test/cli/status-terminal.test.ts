import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { until } from '../support/until';
import { CliFixture } from './cli-fixture';

const MAIN = path.join(__dirname, '..', '..', 'dist', 'cli', 'main.js');

const isHere = spawnSync('tmux', ['-V']).status === 0;
if (!isHere) process.stderr.write('status --watch on a terminal: skipped, there is no tmux here\n');
const onTerminal = isHere ? it : it.skip;

/** A terminal with a shell in it. */
class Terminal {
  private readonly server = `skyanchor-${process.pid}`;

  constructor(columns: number, rows: number) {
    // Without a bell, colours or a prompt of the user's own.
    const size = ['-x', String(columns), '-y', String(rows)];
    this.tmux('-f', '/dev/null', 'new-session', '-d', ...size, 'env', 'PS1=$ ', 'sh');
  }

  type(...keys: string[]): void {
    this.tmux('send-keys', ...keys);
  }

  resize(columns: number, rows: number): void {
    this.tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  get screen(): string {
    return this.tmux('capture-pane', '-p').trimEnd();
  }

  /** Whether another screen than the shell's is shown, and whether the cursor is. */
  get state(): string {
    return this.tmux('display-message', '-p', '#{alternate_on} #{cursor_flag}').trim();
  }

  close(): void {
    this.tmux('kill-server');
  }

  private tmux(...args: string[]): string {
    return spawnSync('tmux', ['-L', this.server, ...args], { encoding: 'utf8' }).stdout;
  }
}

const HIDDEN = '1 0';
const SHELL = '0 1';

describe('skyanchor status --watch on a terminal', () => {
  let fixture: CliFixture;
  let terminal: Terminal;
  beforeEach(() => {
    fixture = new CliFixture();
    terminal = new Terminal(80, 20);
  });
  afterEach(() => {
    terminal.close();
    fixture.clear();
  });

  const watch = async (): Promise<void> => {
    terminal.type(`'${process.execPath}' '${MAIN}' status --watch --file '${fixture.commandFile}'`, 'Enter');
    await until(
      () => terminal.state,
      (state) => state === HIDDEN,
    );
  };

  onTerminal('keeps one page up to date, and leaves the screen as it was at Ctrl+C', async () => {
    fixture.agent('orders', { phase: 'unregistered' });
    terminal.type('echo "before"; PS1="$ "', 'Enter');
    await until(
      () => terminal.screen,
      (screen) => /before\n\$$/.test(screen),
    );
    const before = terminal.screen;
    await watch();
    const rows = (): string[] => terminal.screen.split('\n').filter((line) => line.startsWith('orders '));
    await until(rows, (found) => /unregistered/.test(found.join()));
    fixture.agent('orders');
    await until(rows, (found) => / registered/.test(found.join()));
    expect(rows()).toHaveLength(1);

    terminal.resize(60, 8);
    await until(
      () => terminal.screen,
      (screen) => screen.split('\n').every((line) => line.length < 60),
    );
    terminal.resize(80, 20);

    terminal.type('C-c');
    await until(
      () => terminal.state,
      (state) => state === SHELL,
    );
    expect(terminal.screen).toContain(before.trimEnd());
    terminal.type('echo "code $?"', 'Enter');
    await until(
      () => terminal.screen,
      (screen) => screen.includes('code 130'),
    );
  });

  onTerminal('gives the screen back while it is stopped with Ctrl+Z, and takes it again', async () => {
    fixture.agent('orders');
    await watch();
    terminal.type('C-z');
    await until(
      () => terminal.screen,
      (screen) => screen.includes('Stopped'),
    );
    expect(terminal.state).toBe(SHELL);
    terminal.type('fg', 'Enter');
    await until(
      () => terminal.state,
      (state) => state === HIDDEN,
    );
    await until(
      () => terminal.screen,
      (screen) => screen.includes('INSTANCE'),
    );
    terminal.type('C-c');
    await until(
      () => terminal.state,
      (state) => state === SHELL,
    );
  });
});
