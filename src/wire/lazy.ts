import { createRequire } from 'node:module';
import type * as Dns from 'node:dns';
import type * as Http2 from 'node:http2';
import type * as Net from 'node:net';
import type * as Tls from 'node:tls';
import type * as Grpc from '@grpc/grpc-js';
import type * as Protobuf from 'protobufjs/minimal';

// The application's start must not wait for what a first connection needs (50 ms, 13 MB for grpc-js alone). Not
// `import()`: this stays one in CommonJS output, and people's own test runners refuse it there.
const load = createRequire(__filename);

/** What is heavy, loaded when it is first used. Node keeps it from then on. */
export const lazy = {
  dns: () => load('node:dns') as typeof Dns,
  grpc: () => load('@grpc/grpc-js') as typeof Grpc,
  http2: () => load('node:http2') as typeof Http2,
  net: () => load('node:net') as typeof Net,
  /** Without reflection, which makes code out of strings: a locked-down host forbids that. */
  protobuf: () => load('protobufjs/minimal') as typeof Protobuf,
  tls: () => load('node:tls') as typeof Tls,
};
