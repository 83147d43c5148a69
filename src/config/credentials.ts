import { stat, type BigIntStats, closeSync, constants, fstatSync, openSync } from 'node:fs';
import { readAtMost } from '../base/file/regular-file';
import type { Log } from '../base/log';
import { errorMessage, printable } from '../base/text';
import type { Config, TlsConfig, TlsPaths } from './config';
import { TOKEN_TYPE, OPTION_TABLE } from './option-table';
import { isStronger, type Setting, type Settings } from './sources/settings';

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
  /** How the files looked when they were last read: of the token, and of TLS. */
  private readonly seen = new Map<string, string>();

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
    const token = this.refresh('the token', [authenticationFile], () => {
      if (authenticationFile !== undefined)
        this.now = { ...this.now, authentication: parseToken(readSmallFile(authenticationFile)) };
    });
    const { ca, cert, key } = tlsPaths;
    const tls = this.refresh('the files of TLS', [ca, cert, key], () => {
      const { tls: old } = this.now;
      if (old) this.now = { ...this.now, tls: { ...old, ...readTlsAgain(tlsPaths) } };
    });
    await Promise.all([token, tls]);
    return this.now;
  }

  /** Never rejects. */
  private async refresh(what: string, files: readonly (string | undefined)[], read: () => void): Promise<void> {
    const paths = files.filter((path) => path !== undefined);
    if (paths.length === 0) return;
    // Asked without waiting: a network file system that hangs must not hold the application up.
    const state = (await Promise.all(paths.map(stateOf))).join();
    if (state === this.seen.get(what)) return;
    const failure = `${what} cannot be read again`;
    try {
      read();
      this.seen.set(what, state);
      this.log.over([failure], `${what}: read again`);
    } catch (error) {
      // What could not be read (no descriptor was left) may be by the next time, though it looks the same.
      if (isOfSystem(error)) this.seen.delete(what);
      else this.seen.set(what, state);
      this.log.warn(`${failure}, the old content stays in force: ${printable(errorMessage(error))}`, failure);
    }
  }
}

/** As EMFILE and EACCES are. Not what the content is no PEM by, `ERR_OSSL_…`. */
function isOfSystem(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^E[A-Z\d]+$/.test(String(error.code));
}

/** Without the line end that editors add. */
function parseToken(content: Buffer): string {
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
      else resolve([stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':'));
    };
    stat(path, { bigint: true }, answer);
  });
}

interface Pem {
  readonly setting: Setting<string>;
  /** Absolute. */
  readonly file: string;
  readonly content: Buffer;
}

interface ReadTls {
  readonly files: TlsConfig;
  /** Where they were read from. */
  readonly paths: TlsPaths;
}

/**
 * Reads what TLS needs; undefined: cleartext. The paths are options each, so that the environment can exchange one. A
 * path turns TLS on, unless a layer that goes before has said `false`.
 *
 * @param locate makes a path absolute
 */
export function readTls(settings: Settings, locate: (path: Setting<string>) => string): ReadTls | undefined {
  const { caFile, certFile, keyFile, serverName, tls } = OPTION_TABLE;
  const force = settings.read(tls);
  const turnsOn = (path: Setting<string> | undefined): boolean =>
    path !== undefined && (!force || !isStronger(force.given.layer, path.given.layer));
  const named = settings.read(serverName);
  const paths = [settings.read(caFile), settings.read(certFile), settings.read(keyFile)] as const;
  if (force?.value !== true && !paths.some(turnsOn)) return undefined;
  const [ca, cert, key] = paths.map((path) => path && readPem(settings, path, locate(path)));
  if (ca) check(settings, ca, checkAuthorities);
  if (cert && key) check(settings, cert, () => checkPair(cert.content, key.content));
  else if (cert && !paths[2]) settings.fault(cert.setting.given, 'a key beside it (keyFile)');
  else if (key && !paths[1]) settings.fault(key.setting.given, 'a certificate beside it (certFile)');
  return {
    files: Object.freeze({
      ...(ca && { ca: ca.content }),
      ...(cert && { cert: cert.content }),
      ...(key && { key: key.content }),
      ...(named && { serverName: named.value }),
    }),
    paths: Object.freeze({
      ...(ca && { ca: ca.file }),
      ...(cert && { cert: cert.file }),
      ...(key && { key: key.file }),
    }),
  };
}

function readPem(settings: Settings, setting: Setting<string>, file: string): Pem | undefined {
  try {
    return { setting, file, content: readSmallFile(file) };
  } catch (error) {
    settings.fault(setting.given, `a readable PEM file: ${reasonOf(error)}`);
    return undefined;
  }
}

/** Without the path, which may be a secret: of a key that was given itself where its path was meant. */
function reasonOf(error: unknown): string {
  return errorMessage(error).split(', ')[0] ?? '';
}

function check(settings: Settings, { setting, content }: Pem, rule: (content: Buffer) => void): void {
  try {
    rule(content);
  } catch (error) {
    settings.fault(setting.given, `usable PEM: ${errorMessage(error)}`);
  }
}

interface Token {
  readonly value: string | undefined;
  /** Absolute; where it was read from. */
  readonly file: string | undefined;
}

/** The token itself, or that of the file; of both, the one whose layer goes before; in the same layer the file. */
export function readToken(settings: Settings, locate: (path: Setting<string>) => string): Token {
  const token = settings.read(OPTION_TABLE.authentication);
  const path = settings.read(OPTION_TABLE.authenticationFile);
  if (!path || (token && isStronger(token.given.layer, path.given.layer)))
    return { value: token?.value, file: undefined };
  const file = locate(path);
  try {
    return { value: parseToken(readSmallFile(file)), file };
  } catch (error) {
    settings.fault(path.given, `a readable file with a token: ${reasonOf(error)}`);
    return { value: undefined, file };
  }
}

// Both modules are loaded only where TLS is configured; loading them costs the application's start several
// milliseconds.

/** OpenSSL takes authorities that it cannot read for none, and then trusts no certificate. */
function checkAuthorities(content: Buffer): void {
  if (!content.includes('-----BEGIN ')) throw new Error('there is no certificate in it');
  new (process.getBuiltinModule('node:crypto').X509Certificate)(content);
}

function checkPair(cert: Buffer, key: Buffer): void {
  process.getBuiltinModule('node:tls').createSecureContext({ cert, key });
}

// Windows has it not.
const { O_NONBLOCK }: Partial<typeof constants> = constants;

/** A bundle of all public authorities has a quarter of it. */
const MAX_SMALL_FILE_BYTES = 1024 * 1024;

/**
 * The content of a regular file of at most 1 MiB, through links, as secrets are mounted. A FIFO, a device or an endless
 * file would hold the application up; it throws an error that says so instead.
 */
function readSmallFile(file: string): Buffer {
  const descriptor = openSync(file, constants.O_RDONLY | (O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw new Error('is not a regular file');
    if (stats.size > MAX_SMALL_FILE_BYTES) throw new Error(`is larger than ${MAX_SMALL_FILE_BYTES} bytes`);
    return readAtMost(descriptor, stats.size);
  } finally {
    closeSync(descriptor);
  }
}
