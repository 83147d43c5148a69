import { isPlace, MAX_ATTRIBUTE_LENGTH, names, peerIn, type Description, type KnownAttributes } from './attributes';
import { memoized } from '../../base/memoized';
import { truncate } from '../../base/text';
import { BEFORE_AUTHORITY } from '../http/http-url';
import { groupPath } from '../route/group-path';
import { Component, Layer } from '../../model/components';
import { LIMITS } from '../../model/limits';

const RPC = { grpc: 23, other: 50 } as const;
/** A client's span without a scheme is mostly one of HTTP. */
const HTTP_PORT = 80;
const HTTPS_PORT = 443;

const RPC_SYSTEM = names('rpc.system.name', 'rpc.system');
const RPC_SERVICE = names('rpc.service');
const RPC_METHOD = names('rpc.method');
const RPC_STATUS = names('rpc.response.status_code', 'rpc.grpc.status_code');
const REGION = names('cloud.region');

const isSaidOfRpc = memoized(
  (key) => isPlace(key) || key === 'rpc.service' || key === 'rpc.method' || key.endsWith('.status_code'),
);

/** gRPC, clouds' APIs and what else calls procedures. */
export function describeRpc(attributes: KnownAttributes): Description | undefined {
  const system = attributes.text(RPC_SYSTEM);
  if (system === '') return undefined;
  const service = attributes.text(RPC_SERVICE);
  const method = attributes.text(RPC_METHOD);
  // The stable name of a method has the service in it.
  const full = service === '' || method.includes('/') ? method : `${service}/${method}`;
  const place = peerIn(attributes);
  const status = attributes.text(RPC_STATUS);
  return {
    component: system === 'grpc' ? RPC.grpc : RPC.other,
    layer: Layer.rpcFramework,
    peer: place === '' ? [service || system, attributes.text(REGION)].filter(Boolean).join('.') : place,
    isPlaceUnknown: place === '' && system === 'grpc',
    name: full === '' ? undefined : `/${full}`,
    tags: status === '' ? [] : ['rpc.status_code', status],
    isSaid: isSaidOfRpc,
  };
}

const METHOD = names('http.request.method', 'http.method');
const URL = names('url.full', 'http.url');
const SCHEME = names('url.scheme', 'http.scheme');
const ROUTE = names('http.route', 'next.route');
const TARGET = names('url.path', 'http.target');
const STATUS = names('http.response.status_code', 'http.status_code');

const isSaidOfHttp = memoized(
  (key) => isPlace(key) || key.startsWith('http.') || key.startsWith('url.') || key.startsWith('user_agent.'),
);

/** HTTP that is not seen by patches of our own: HTTP/2, other runtimes' clients. */
export function describeHttp(attributes: KnownAttributes, isEntry: boolean): Description | undefined {
  const method = attributes.text(METHOD);
  if (method === '') return undefined;
  const url = attributes.text(URL);
  const scheme = attributes.text(SCHEME) || url.slice(0, url.indexOf(':'));
  // The application's own, where a `?` or an `@` is no secret.
  const route = attributes.text(ROUTE);
  // Where there is no route, numbers and the like would make an endpoint of each.
  const path = route === '' ? groupPath(pathIn(attributes.text(TARGET) || url)) : route;
  const status = attributes.text(STATUS);
  return {
    component: isEntry ? Component.httpServer : Component.httpClient,
    layer: Layer.http,
    peer: peerIn(attributes, scheme === 'https' ? HTTPS_PORT : HTTP_PORT),
    name: path === '' ? undefined : path,
    ...(isEntry && { request: { method, url: withoutUserAndQuery(url), statusCode: Number(status) || 0 } }),
    tags: isEntry
      ? []
      : [
          'http.method',
          method,
          ...(url === '' ? [] : ['url', withoutUserAndQuery(url)]),
          ...(status === '' ? [] : ['http.status_code', status]),
        ],
    isSaid: isSaidOfHttp,
  };
}

/** A host has 255 characters at most: what is longer is the beginning of a password, where the URL has been cut. */
const SECRETS = new RegExp(`${BEFORE_AUTHORITY}(?:[^/\\\\]*@|[^/\\\\]{300,})`, 'gi');

/** A URL without the query, which holds what callers typed, and without user and password. */
export function withoutUserAndQuery(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(SECRETS, '$1');
}

/** Up to the next blank, a URL without its scheme, or a path with its query: of `fetch GET https://a/b`, `GET /b?c`. */
const URLS = /(?<![^\s:"'(=<,[|])\/\S*/g;
const USER_IN_NAME = /((?<=https?):\/)[^\s/\\]*@/gi;
/** The query of a URL that does not begin with a slash: `GET example.com/a?k=1`. */
const QUERY_IN_NAME = /\?[\w.%&~[\]-]+=\S*/g;

/** In the template of a route a `?` may say that what is before it may be absent: `/:lang?/about`, `/a(?:b|c)?/d`, `/{id?}`. */
const QUERY_OF_ROUTE = /(?:#|(?<!:\w+|[(){}]|\{\w+)\?|\?(?![/.})\-:=!<]|$)).*$/;

/** A name that others have given to a span: some are made of URLs, whose secrets are in none. */
export function spanName(given: unknown): string {
  // Cut afterwards: of a URL whose `@` is cut off, the user would stay.
  const name = truncate(given, MAX_ATTRIBUTE_LENGTH);
  const mayHoldUrl = name.includes(':/') || name.includes('//') || name.includes('?') || name.includes('#');
  return truncate(mayHoldUrl ? withoutUrlSecrets(name) : name, LIMITS.name);
}

function withoutUrlSecrets(name: string): string {
  return name.replace(URLS, shownInName).replace(USER_IN_NAME, '$1').replace(QUERY_IN_NAME, '');
}

function shownInName(url: string): string {
  return url.startsWith('//') ? withoutUserAndQuery(url) : url.replace(QUERY_OF_ROUTE, '').replace(SECRETS, '$1');
}

function pathIn(target: string): string {
  const path = withoutUserAndQuery(target).replace(/^[a-z][a-z\d+.-]*:\/\/[^/]*/i, '');
  return target !== '' && path === '' ? '/' : path;
}

/** Work on an operation of GraphQL's: its name is the caller's, so it stays on the span and does not name the endpoint. */
export function describeGraphql({ list }: KnownAttributes): Description | undefined {
  for (let at = 0; at < list.length; at += 2)
    if ((list[at] as string).startsWith('graphql.'))
      return { component: Component.graphql, layer: Layer.unknown, peer: '', tags: [], isSaid: () => false };
  return undefined;
}

/** A call of a kind that has no words here: at least it is known where to. */
export function describePlace(attributes: KnownAttributes): Description | undefined {
  const peer = peerIn(attributes);
  return peer === '' ? undefined : { component: 0, layer: Layer.unknown, peer, tags: [], isSaid: isPlace };
}
