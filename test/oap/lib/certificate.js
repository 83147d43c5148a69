'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { OapUnavailable } = require('./java');

/** For 127.0.0.1 and localhost. */
const SERVER = 'subjectAltName=IP:127.0.0.1,DNS:localhost';
/** Without an extension openssl writes a certificate of version 1, and Java may refuse it. */
const CLIENT = 'extendedKeyUsage=clientAuth';

function openssl(...args) {
  const made = spawnSync('openssl', args, { encoding: 'utf8' });
  if (made.error) throw new OapUnavailable('openssl is not installed; needed to make a certificate for TLS');
  if (made.status !== 0) throw new Error(`openssl could not make a certificate:\n${made.stderr}`);
}

const filesOf = (folder, name) => ({
  key: path.join(folder, `${name}.key`),
  cert: path.join(folder, `${name}.crt`),
});

/** A self-signed certificate, which is its own authority. The keys are in PKCS#8, as Java wants them. */
function makeCertificate(folder, name) {
  const { key, cert } = filesOf(folder, name);
  const kind = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-addext', SERVER];
  openssl('req', ...kind, '-keyout', key, '-out', cert);
  return { key, cert };
}

/** The certificate of a client, signed by an authority. */
function makeClientCertificate(folder, name, authority) {
  const { key, cert } = filesOf(folder, name);
  const [request, extensions] = [`${cert}.request`, `${cert}.extensions`];
  fs.writeFileSync(extensions, CLIENT);
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, '-keyout', key, '-out', request);
  const signer = ['-CA', authority.cert, '-CAkey', authority.key, '-CAcreateserial'];
  openssl('x509', '-req', '-in', request, ...signer, '-days', '2', '-extfile', extensions, '-out', cert);
  return { key, cert };
}

module.exports = { makeCertificate, makeClientCertificate };
