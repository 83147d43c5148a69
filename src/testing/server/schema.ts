import path from 'node:path';
import protobuf from 'protobufjs';
import type { BackendProtocol } from '../protocol';
import { METHODS, type Method } from '../record/records';
import type { Route } from './methods';

type Contract = 'v2' | 'v3';

interface Source {
  readonly files: readonly string[];
  readonly package: string;
  readonly services: readonly string[];
  /** What the real server says when a message does not parse or a handler throws. */
  readonly failure: string;
}

const SOURCES: Readonly<Record<Contract, Source>> = {
  v2: {
    files: ['register', 'ping', 'segment'],
    package: '',
    services: ['Register', 'ServiceInstancePing', 'TraceSegmentReportService'],
    failure: '',
  },
  v3: {
    files: ['management', 'segment', 'configuration', 'meter', 'log', 'event'],
    package: 'skywalking.v3.',
    services: [
      'ManagementService',
      'TraceSegmentReportService',
      'ConfigurationDiscoveryService',
      'MeterReportService',
      'LogReportService',
      'EventService',
      'SpanAttachedEventReportService',
    ],
    failure: 'Application error processing RPC',
  },
};

/** 8.0 has these and no others (8.1 takes meters too, 8.2 has `collectInSync`); 8.4 and later have them beside those with a package. */
const UNPACKAGED: Readonly<Record<Exclude<BackendProtocol, 'v2'>, readonly Method[]>> = {
  v3: ['keepAlive', 'reportInstanceProperties', 'collect', 'collectInSync', 'MeterReportService/collect'],
  'v3-unpackaged': ['keepAlive', 'reportInstanceProperties', 'collect'],
};

/** From `src/testing/server` as from `dist/testing/server`. */
const PROTO = path.join(__dirname, '..', '..', '..', 'proto');

const roots: Partial<Record<Contract, protobuf.Root>> = {};

/** By reflection over the project's own proto files. Read once, when first needed: importing the kit alone costs no file. */
export function messageType(contract: Contract, name: string): protobuf.Type {
  return rootOf(contract).lookupType(`${SOURCES[contract].package}${name}`);
}

/** Every path that a backend of this protocol answers at. */
export function routesOf(protocol: BackendProtocol): readonly Route[] {
  if (protocol === 'v2') return contractRoutes('v2');
  const unpackaged = unpackagedRoutes().filter(({ method }) => UNPACKAGED[protocol].includes(method));
  return protocol === 'v3' ? [...contractRoutes('v3'), ...unpackaged] : unpackaged;
}

/** Every path that an agent of any age might ask for, also those that no backend has. */
export function knownRoutes(): readonly Route[] {
  return [...unpackagedRoutes(), ...contractRoutes('v3'), ...contractRoutes('v2')];
}

function unpackagedRoutes(): readonly Route[] {
  return contractRoutes('v3').map((route) => ({ ...route, path: route.path.replace(SOURCES.v3.package, '') }));
}

function contractRoutes(contract: Contract): readonly Route[] {
  const { package: prefix, services, failure } = SOURCES[contract];
  return services.flatMap((service) =>
    rootOf(contract)
      .lookupService(`${prefix}${service}`)
      .methodsArray.map(({ name, resolvedRequestType: request, resolvedResponseType: response, requestStream }) => {
        if (!request || !response) throw new Error(`unresolved types of ${name}`);
        const isStream = requestStream === true;
        return {
          method: methodOf(service, name),
          path: `/${prefix}${service}/${name}`,
          isStream,
          request,
          response,
          failure,
        };
      }),
  );
}

function methodOf(service: string, name: string): Method {
  const method = METHODS.find((known) => known === `${service}/${name}`) ?? METHODS.find((known) => known === name);
  if (!method) throw new Error(`no method ${name}`);
  return method;
}

function rootOf(contract: Contract): protobuf.Root {
  return (roots[contract] ??= load(contract));
}

function load(contract: Contract): protobuf.Root {
  const files = SOURCES[contract].files.map((file) => path.join(PROTO, contract, `${file}.proto`));
  const root = new protobuf.Root().loadSync(files, { keepCase: true });
  root.resolveAll();
  return root;
}
