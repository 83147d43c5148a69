import path from 'node:path';
import protobuf from 'protobufjs';
import { METHODS, type Method } from '../record/call';

/** One method, by reflection over the project's own proto files. */
export interface MethodSchema {
  readonly path: string;
  readonly request: protobuf.Type;
  readonly response: protobuf.Type;
  readonly isStream: boolean;
}

export interface Schema {
  readonly methods: Readonly<Record<Method, MethodSchema>>;
  readonly segment: protobuf.Type;
}

/** From `src/testing/server` as from `dist/testing/server`. */
const PROTO = path.join(__dirname, '..', '..', '..', 'proto', 'v2');

let loaded: Schema | undefined;

/** Read once, when first needed: importing the kit alone costs no file. */
export function schema(): Schema {
  return (loaded ??= load());
}

function load(): Schema {
  const files = ['register.proto', 'ping.proto', 'segment.proto'];
  const root = new protobuf.Root().loadSync(
    files.map((file) => path.join(PROTO, file)),
    { keepCase: true },
  );
  root.resolveAll();
  const methods = ['Register', 'ServiceInstancePing', 'TraceSegmentReportService'].flatMap((service) =>
    root.lookupService(service).methodsArray.map((method) => [method.name, methodSchema(service, method)] as const),
  );
  for (const name of METHODS) if (!methods.some(([found]) => found === name)) throw new Error(`no method ${name}`);
  return {
    methods: Object.fromEntries(methods) as Record<Method, MethodSchema>,
    segment: root.lookupType('SegmentObject'),
  };
}

function methodSchema(service: string, method: protobuf.Method): MethodSchema {
  const { resolvedRequestType: request, resolvedResponseType: response } = method;
  if (!request || !response) throw new Error(`unresolved types of ${method.name}`);
  return { path: `/${service}/${method.name}`, request, response, isStream: method.requestStream === true };
}
