import type { SegmentToSend } from './client';

/** What two services, `front` and `back`, have been given; `back` sends the segments. */
export interface Ids {
  readonly front: number;
  readonly back: number;
  readonly frontInstance: number;
  readonly backInstance: number;
  /** `/front` of the front. */
  readonly frontEndpoint: number;
  /** `/back` of the back. */
  readonly backEndpoint: number;
  readonly address: number;
}

/** Where `address` of `Ids` stands for. */
export const ADDRESS = 'front:80';

/** Never given out. */
const STALE = 9_999;

/** `at-once` and `late` (when its names have ids): shown. `dropped`: at once; `given-up`: after it has waited for names. */
export type Fate = 'at-once' | 'late' | 'dropped' | 'given-up';

export interface SegmentCase {
  readonly title: string;
  readonly fate: Fate;
  /** Why it is lost; only where it is. */
  readonly reason: RegExp;
  readonly segment: Omit<SegmentToSend, 'traceIds' | 'segmentId'>;
}

type Overrides = Readonly<Record<string, unknown>>;

/** Every rule by which OAP 6.5 shows or drops a segment; each was tried on a real 6.5.0. */
export function segmentCases(ids: Ids): readonly SegmentCase[] {
  const span = (overrides: Overrides): object => ({
    spanId: 0,
    parentSpanId: -1,
    startTime: Date.UTC(2026, 10, 21),
    endTime: Date.UTC(2026, 10, 21) + 10,
    ...overrides,
  });
  const entry = (overrides: Overrides = {}): object =>
    span({ spanType: 'Entry', spanLayer: 'Http', componentId: 4001, operationNameId: ids.backEndpoint, ...overrides });
  const exit = (overrides: Overrides = {}): object =>
    span({
      spanType: 'Exit',
      spanLayer: 'Http',
      componentId: 2,
      operationName: '/x',
      peerId: ids.address,
      ...overrides,
    });
  const local = (overrides: Overrides = {}): object => span({ spanType: 'Local', operationName: 'work', ...overrides });
  const second = { spanId: 1, parentSpanId: 0 };
  const named = { operationName: '', operationNameId: ids.backEndpoint };
  const ref = (overrides: Overrides = {}): object => ({
    refType: 'CrossProcess',
    parentTraceSegmentId: { idParts: ['1', '2', '3'] },
    parentSpanId: 0,
    parentServiceInstanceId: ids.frontInstance,
    networkAddressId: ids.address,
    entryServiceInstanceId: ids.frontInstance,
    entryEndpointId: ids.frontEndpoint,
    parentEndpointId: ids.frontEndpoint,
    ...overrides,
  });
  const withRef = (overrides: Overrides): object => entry({ refs: [ref(overrides)] });

  const of = (
    fate: Fate,
    title: string,
    spans: readonly object[],
    head: Overrides = {},
    reason = /^$/,
  ): SegmentCase => ({
    title,
    fate,
    reason,
    segment: { serviceId: ids.back, serviceInstanceId: ids.backInstance, ...head, spans },
  });
  const lost = (title: string, reason: RegExp, spans: readonly object[], head: Overrides = {}): SegmentCase =>
    of('dropped', title, spans, head, reason);
  const givenUp = (title: string, reason: RegExp, spans: readonly object[]): SegmentCase =>
    of('given-up', title, spans, {}, reason);

  return [
    of('at-once', 'only ids', [entry()]),
    lost('an unknown instance', /serviceInstanceId 9999/, [entry()], { serviceInstanceId: STALE }),
    lost('no instance', /serviceInstanceId 0/, [entry()], { serviceInstanceId: 0 }),
    of('at-once', 'the instance that is built in', [entry()], { serviceInstanceId: 1 }),
    lost('no service', /serviceId 0/, [entry()], { serviceId: 0 }),
    lost('no service, exit', /serviceId 0/, [exit(named)], { serviceId: 0 }),
    lost('an unknown service', /serviceId 9999/, [entry()], { serviceId: STALE }),
    of('at-once', 'the service of another registration', [entry()], { serviceId: ids.front }),

    lost('an unknown peer', /peerId 9999/, [exit({ peerId: STALE })]),
    lost('an unknown peer of an entry span', /peerId 9999/, [entry({ peerId: STALE })]),
    lost('an unknown peer of a local span', /peerId 9999/, [local({ peerId: STALE })]),
    of('late', 'a peer by name', [exit({ ...named, peerId: 0, peer: 'new-peer:1' })]),
    of('at-once', 'a peer by name that has an id', [exit({ ...named, peerId: 0, peer: ADDRESS })]),
    of('at-once', 'a peer by both', [exit({ ...named, peer: 'unknown:1' })]),
    of('at-once', 'no peer', [exit({ ...named, peerId: 0 })]),

    lost('an unknown endpoint', /operationNameId 9999/, [entry({ operationNameId: STALE })]),
    lost('a negative endpoint', /operationNameId -1/, [entry({ operationNameId: -1 })]),
    lost('an unknown name of a call', /operationNameId 9999/, [exit({ operationName: '', operationNameId: STALE })]),
    lost('an unknown name of the first span, local', /operationNameId 9999/, [
      local({ operationName: '', operationNameId: STALE }),
    ]),
    of('at-once', 'an unknown name of a later local span', [
      entry(),
      local({ ...second, operationName: '', operationNameId: STALE }),
    ]),
    of('at-once', 'an unknown name of a later exit span without a peer', [
      entry(),
      exit({ ...second, peerId: 0, operationName: '', operationNameId: STALE }),
    ]),
    lost('an unknown endpoint of a second entry span', /operationNameId 9999/, [
      entry(),
      entry({ ...second, operationNameId: STALE }),
    ]),
    of('at-once', 'the endpoint of another service', [entry({ operationNameId: ids.frontEndpoint })]),
    of('at-once', 'an endpoint by both', [entry({ operationName: '/both' })]),
    of('late', 'an endpoint by name', [entry({ operationNameId: 0, operationName: '/new' })]),
    of('at-once', 'an endpoint by name that has an id', [entry({ operationNameId: 0, operationName: '/back' })]),
    of('late', 'an endpoint without a name', [entry({ operationNameId: 0 })]),
    of('late', 'a local name', [local()]),
    of('late', 'a name of a call', [exit()]),

    lost('a layer that later servers know', /spanLayer 6/, [entry({ spanLayer: 6 })]),
    of('at-once', 'a component by name', [entry({ componentId: 0, component: 'HttpServer' })]),
    lost('a component by a name that the table lacks', /component "Nonsense"/, [
      entry({ componentId: 0, component: 'Nonsense' }),
    ]),
    of('at-once', 'a component by both', [entry({ component: 'Nonsense' })]),
    of('at-once', 'a component id that the table lacks', [entry({ componentId: 77_777 })]),

    of('at-once', 'a ref by ids', [withRef({})]),
    lost('a ref without a network address', /no network address/, [withRef({ networkAddressId: 0 })]),
    lost('a ref with an unknown network address', /networkAddressId 9999/, [withRef({ networkAddressId: STALE })]),
    of('at-once', 'a ref with a network address by name', [withRef({ networkAddressId: 0, networkAddress: ADDRESS })]),
    of('late', 'a ref with a network address by a new name', [
      withRef({ networkAddressId: 0, networkAddress: 'new-front:80' }),
    ]),
    lost('a ref with an unknown parent instance', /parentServiceInstanceId 9999/, [
      withRef({ parentServiceInstanceId: STALE }),
    ]),
    lost('a ref without a parent instance', /parentServiceInstanceId 0/, [withRef({ parentServiceInstanceId: 0 })]),
    of('at-once', 'a ref with an unknown entry instance', [withRef({ entryServiceInstanceId: STALE })]),
    lost('a ref with an unknown entry instance and the entry endpoint by name', /entryServiceInstanceId 9999/, [
      withRef({ entryServiceInstanceId: STALE, entryEndpointId: 0, entryEndpoint: '/front' }),
    ]),
    of('at-once', 'a ref with endpoints by name', [
      withRef({ entryEndpointId: 0, entryEndpoint: '/front', parentEndpointId: 0, parentEndpoint: '/front' }),
    ]),
    givenUp('a ref with an entry endpoint by an unknown name', /entryEndpoint "\/nowhere"/, [
      withRef({ entryEndpointId: 0, entryEndpoint: '/nowhere' }),
    ]),
    givenUp('a ref with a parent endpoint by an unknown name', /parentEndpoint "\/nowhere"/, [
      withRef({ parentEndpointId: 0, parentEndpoint: '/nowhere' }),
    ]),
    givenUp("a ref with a parent endpoint that is another service's", /parentEndpoint "\/back"/, [
      withRef({ parentEndpointId: 0, parentEndpoint: '/back' }),
    ]),
    of('at-once', 'a ref with an unknown entry endpoint', [withRef({ entryEndpointId: STALE })]),
    of('at-once', 'a ref whose entry endpoint is -1', [withRef({ entryEndpointId: -1 })]),
    lost('a ref with an unknown parent endpoint', /parentEndpointId 9999/, [withRef({ parentEndpointId: STALE })]),
    of('at-once', 'a ref whose parent endpoint is the one of whoever calls from outside', [
      withRef({ entryEndpointId: -1, parentEndpointId: 1 }),
    ]),
    lost('a ref whose parent endpoint is -1', /parentEndpointId -1/, [withRef({ parentEndpointId: -1 })]),
    givenUp('a ref without an entry endpoint', /no entryEndpoint/, [withRef({ entryEndpointId: 0 })]),
    givenUp('a ref without a parent endpoint', /no parentEndpoint/, [withRef({ parentEndpointId: 0 })]),
    givenUp('a ref with neither endpoint', /no entryEndpoint/, [withRef({ entryEndpointId: 0, parentEndpointId: 0 })]),
    of('at-once', 'a ref of a local span, by ids that are all unknown', [
      entry(),
      local({
        ...second,
        ...named,
        refs: [ref({ networkAddressId: STALE, parentServiceInstanceId: STALE, parentEndpointId: STALE })],
      }),
    ]),
    of('at-once', 'a ref out of a queue with an unknown parent instance', [
      entry({ spanLayer: 'MQ', refs: [ref({ parentServiceInstanceId: STALE })] }),
    ]),

    lost('no spans', /no span with spanId 0/, []),
    lost('no first span', /no span with spanId 0/, [entry({ spanId: 3 })]),
  ];
}
