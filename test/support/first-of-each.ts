/**
 * Without the segments that came twice. A stream whose connection is lost before its answer is sent again, since servers that
 * go down have stored nothing of it; the embedded backend has, and shows both.
 */
export function firstOfEach<S extends { readonly segmentId: string }>(segments: readonly S[]): S[] {
  return [...new Map([...segments].reverse().map((segment) => [segment.segmentId, segment])).values()].reverse();
}
