import { errorMessage } from '../../base/text';
import type { TlsConfig, TlsPaths } from '../config';
import { parseToken } from './credential-files';
import { checkAuthorities, checkPair } from './pem';
import { readSmallFile } from './small-file';
import { OPTION_TABLE } from '../option-table';
import { isStronger, type Setting, type Settings } from '../sources/settings';

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
