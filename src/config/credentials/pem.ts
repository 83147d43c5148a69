// Both modules are loaded only where TLS is configured; loading them costs the application's start several
// milliseconds.

/** OpenSSL takes authorities that it cannot read for none, and then trusts no certificate. */
export function checkAuthorities(content: Buffer): void {
  if (!content.includes('-----BEGIN ')) throw new Error('there is no certificate in it');
  new (process.getBuiltinModule('node:crypto').X509Certificate)(content);
}

export function checkPair(cert: Buffer, key: Buffer): void {
  process.getBuiltinModule('node:tls').createSecureContext({ cert, key });
}
