import { isPlace, peerIn, textIn, type Attributes, type Description } from './attributes';
import { groupPath } from '../route/group-path';
import { Component, Layer } from '../../model/components';

const RPC = { grpc: 23, other: 50 } as const;
/** A client's span without a scheme is mostly one of HTTP. */
const HTTP_PORT = 80;
const HTTPS_PORT = 443;

/** gRPC, clouds' APIs and what else calls procedures. */
export function describeRpc(attributes: Attributes): Description | undefined {
  const system = textIn(attributes, 'rpc.system.name', 'rpc.system');
  if (system === '') return undefined;
  const service = textIn(attributes, 'rpc.service');
  const method = textIn(attributes, 'rpc.method');
  // The stable name of a method has the service in it.
  const full = service === '' || method.includes('/') ? method : `${service}/${method}`;
  const place = peerIn(attributes);
  const status = textIn(attributes, 'rpc.response.status_code', 'rpc.grpc.status_code');
  return {
    component: system === 'grpc' ? RPC.grpc : RPC.other,
    layer: Layer.rpcFramework,
    peer: place === '' ? [service || system, textIn(attributes, 'cloud.region')].filter(Boolean).join('.') : place,
    name: full === '' ? undefined : `/${full}`,
    tags: status === '' ? [] : ['rpc.status_code', status],
    isSaid: (key) => isPlace(key) || key === 'rpc.service' || key === 'rpc.method' || key.endsWith('.status_code'),
  };
}

/** HTTP that is not seen by patches of our own: HTTP/2, other runtimes' clients. */
export function describeHttp(attributes: Attributes, isEntry: boolean): Description | undefined {
  const method = textIn(attributes, 'http.request.method', 'http.method');
  if (method === '') return undefined;
  const url = textIn(attributes, 'url.full', 'http.url');
  const scheme = textIn(attributes, 'url.scheme', 'http.scheme') || url.slice(0, url.indexOf(':'));
  const route = pathIn(textIn(attributes, 'http.route', 'next.route'));
  // Where there is no route, numbers and the like would make an endpoint of each.
  const path = route === '' ? groupPath(pathIn(textIn(attributes, 'url.path', 'http.target') || url)) : route;
  const status = textIn(attributes, 'http.response.status_code', 'http.status_code');
  return {
    component: isEntry ? Component.httpServer : Component.httpClient,
    layer: Layer.http,
    peer: peerIn(attributes, scheme === 'https' ? HTTPS_PORT : HTTP_PORT),
    name: path === '' ? undefined : path,
    ...(isEntry && { request: { method, url: withoutSecrets(url), statusCode: Number(status) || 0 } }),
    tags: isEntry
      ? []
      : [
          'http.method',
          method,
          ...(url === '' ? [] : ['url', withoutSecrets(url)]),
          ...(status === '' ? [] : ['http.status_code', status]),
        ],
    isSaid: (key) => isPlace(key) || key.startsWith('http.') || key.startsWith('url.') || key.startsWith('user_agent.'),
  };
}

/** A host has 255 characters at most: what is longer is the beginning of a password, where the URL has been cut. */
const SECRETS = /^((?:[a-z][a-z\d+.-]*:)?[/\\]{2})(?:[^/\\]*@|[^/\\]{300,})/i;

/** A URL without the query, which holds what callers typed, and without user and password. */
export function withoutSecrets(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(SECRETS, '$1');
}

function pathIn(target: string): string {
  const path = withoutSecrets(target).replace(/^[a-z][a-z\d+.-]*:\/\/[^/]*/i, '');
  return target !== '' && path === '' ? '/' : path;
}

/** Work on an operation of GraphQL's: its name is the caller's, so it stays on the span and does not name the endpoint. */
export function describeGraphql(attributes: Attributes): Description | undefined {
  for (const key in attributes)
    if (key.startsWith('graphql.'))
      return { component: Component.graphql, layer: Layer.unknown, peer: '', tags: [], isSaid: () => false };
  return undefined;
}

/** A call of a kind that has no words here: at least it is known where to. */
export function describePlace(attributes: Attributes): Description | undefined {
  const peer = peerIn(attributes);
  return peer === '' ? undefined : { component: 0, layer: Layer.unknown, peer, tags: [], isSaid: isPlace };
}
