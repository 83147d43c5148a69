import { stat, type BigIntStats } from 'node:fs';
import type { Log } from '../../base/log';
import { errorMessage, printable } from '../../base/text';
import type { Config, TlsConfig, TlsPaths } from '../config';
import { TOKEN_TYPE } from '../option-table';
import { checkAuthorities, checkPair } from './pem';
import { readSmallFile } from './small-file';

/** What a connection is made with. */
interface Credentials {
  /** Absent: cleartext. */
  readonly tls?: TlsConfig;
  readonly authentication?: string;
}

type Files = Pick<Config, 'authentication' | 'authenticationFile' | 'tls' | 'tlsPaths'>;

/**
 * The files of the token, the authorities, the certificate and its key, as they are now: operators and their tools put new
 * ones in place while the process runs. A new file that cannot be used leaves the old content in force.
 */
export class CredentialFiles {
  private now: Credentials;
  /** What `now` was read from, or what could not be used. */
  private seen: string | undefined;

  constructor(
    private readonly files: Files,
    private readonly log: Log,
  ) {
    const { authentication, tls } = files;
    this.now = { ...(tls && { tls }), ...(authentication !== undefined && { authentication }) };
  }

  /** Looks at the files, and reads them where one has changed. Never rejects. */
  async current(): Promise<Credentials> {
    const { authenticationFile, tlsPaths } = this.files;
    const paths = [authenticationFile, tlsPaths.ca, tlsPaths.cert, tlsPaths.key].filter((path) => path !== undefined);
    if (paths.length === 0) return this.now;
    // Asked without waiting: a network file system that hangs must not hold the application up.
    const state = (await Promise.all(paths.map(stateOf))).join();
    if (state === this.seen) return this.now;
    this.seen = state;
    this.refresh('the token', () => {
      if (authenticationFile !== undefined)
        this.now = { ...this.now, authentication: parseToken(readSmallFile(authenticationFile)) };
    });
    this.refresh('the files of TLS', () => {
      const { tls } = this.now;
      if (tls) this.now = { ...this.now, tls: { ...tls, ...readTlsAgain(tlsPaths) } };
    });
    return this.now;
  }

  private refresh(what: string, read: () => void): void {
    const key = `${what} cannot be read again`;
    try {
      read();
      this.log.over([key], `${what}: read again`);
    } catch (error) {
      this.log.warn(`${key}, the old content stays in force: ${printable(errorMessage(error))}`, key);
    }
  }
}

/** Without the line end that editors add. */
export function parseToken(content: Buffer): string {
  const token = TOKEN_TYPE.parse(content.toString('utf8').replace(/\r?\n$/, ''));
  if (token === undefined) throw new Error(`expected one line of ${TOKEN_TYPE.expected}`);
  return token;
}

function readTlsAgain(paths: TlsPaths): TlsConfig {
  const ca = paths.ca === undefined ? undefined : readSmallFile(paths.ca);
  const cert = paths.cert === undefined ? undefined : readSmallFile(paths.cert);
  const key = paths.key === undefined ? undefined : readSmallFile(paths.key);
  if (ca) checkAuthorities(ca);
  if (cert && key) checkPair(cert, key);
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

/** Not by `node:fs/promises`, which takes the application's start more than a millisecond to load. */
function stateOf(path: string): Promise<string> {
  return new Promise((resolve) => {
    const answer = (error: Error | null, stats: BigIntStats | undefined): void => {
      if (error || !stats) resolve(errorMessage(error));
      else resolve([stats.dev, stats.ino, stats.size, stats.mtimeNs].join(':'));
    };
    stat(path, { bigint: true }, answer);
  });
}
