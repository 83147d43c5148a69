import { readFileSync } from 'node:fs';
import { errorMessage } from '../../base/text';
import type { TlsFiles } from '../config';
import type { ConfigLayer } from './provided-value';
import { OPTION_TABLE } from '../option-table';
import type { Setting, Settings } from './settings';

const STRENGTH: Readonly<Record<ConfigLayer, number>> = { flag: 4, environment: 3, start: 2, file: 1 };

interface Pem {
  readonly setting: Setting<string>;
  readonly content: Buffer;
}

/**
 * Reads what TLS needs; undefined: cleartext. The paths are options each, so that the environment can exchange one. A
 * path turns TLS on, unless a layer that goes before has said `false`.
 *
 * @param locate makes a path absolute
 */
export function readTls(settings: Settings, locate: (path: Setting<string>) => string): TlsFiles | undefined {
  const { caFile, certFile, keyFile, tls } = OPTION_TABLE;
  const force = settings.read(tls);
  const turnsOn = (path: Setting<string> | undefined): boolean =>
    path !== undefined && (!force || STRENGTH[path.given.layer] >= STRENGTH[force.given.layer]);
  const paths = [settings.read(caFile), settings.read(certFile), settings.read(keyFile)] as const;
  if (force?.value !== true && !paths.some(turnsOn)) return undefined;
  const [ca, cert, key] = paths.map((path) => path && readPem(settings, path, locate(path)));
  if (ca) check(settings, ca, checkAuthorities);
  if (cert && key) check(settings, cert, () => checkPair(cert.content, key.content));
  else if (cert && !paths[2]) settings.fault(cert.setting.given, 'a key beside it (keyFile)');
  else if (key && !paths[1]) settings.fault(key.setting.given, 'a certificate beside it (certFile)');
  return {
    ...(ca && { ca: ca.content }),
    ...(cert && { cert: cert.content }),
    ...(key && { key: key.content }),
  };
}

function readPem(settings: Settings, setting: Setting<string>, file: string): Pem | undefined {
  try {
    return { setting, content: readFileSync(file) };
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
