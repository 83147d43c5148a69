'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');

const { OapUnavailable } = require('./java');

/** A self-signed certificate for 127.0.0.1 and localhost, which is its own authority. */
function makeCertificate(folder) {
  const key = path.join(folder, 'server.key');
  const cert = path.join(folder, 'server.crt');
  const made = spawnSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=IP:127.0.0.1,DNS:localhost',
      '-keyout',
      key,
      '-out',
      cert,
    ],
    { encoding: 'utf8' },
  );
  if (made.error) throw new OapUnavailable('openssl is not installed; needed to make a certificate for TLS');
  if (made.status !== 0) throw new Error(`openssl could not make a certificate:\n${made.stderr}`);
  return { key, cert };
}

module.exports = { makeCertificate };
