/** Next.js 13.5 and later note here, on Node's request, what they know of it; in every bundle of theirs the same. */
const META = Symbol.for('NextInternalRequestMeta');

interface NextRequest {
  readonly [META]?: {
    readonly match?: { readonly definition?: { readonly pathname?: unknown } };
  };
}

/** The page or the route handler, `/orders/[id]`; `/_not-found` where there is none. */
export function nextRoute(request: object): string | undefined {
  const pathname = (request as NextRequest)[META]?.match?.definition?.pathname;
  return typeof pathname === 'string' && pathname !== '' ? pathname : undefined;
}
