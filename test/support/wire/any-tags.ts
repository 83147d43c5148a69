import fc from 'fast-check';
import type { Segment } from '../../../src/model/segment';
import { componentOnV2, Layer } from '../../../src/model/components';
import { anySegment, anyText } from './arbitrary';

/** Tags as an application may name them: also as HTTP's are, with values that could be HTTP's, or nearly. */
const anyTags = fc
  .array(
    fc.tuple(
      fc.constantFrom('url', 'http.method', 'status_code', 'http.status_code', 'own', ''),
      fc.oneof(fc.constantFrom('', 'GET', '200', '0200', '-1', '0', ' 200', '1e3', '2147483648'), anyText),
    ),
    { maxLength: 6 },
  )
  .map((pairs) => pairs.flat());

const anyTagsOrNone = fc.option(anyTags, { nil: undefined });

/** Any segment, its spans with tags that are hard to tell from those of HTTP. */
export const anyTagged: fc.Arbitrary<Segment> = fc
  .tuple(anySegment, fc.array(anyTagsOrNone, { minLength: 5, maxLength: 5 }))
  .map(([segment, tags]) => {
    segment.spans.forEach((span, i) => (span.tags = tags[i]));
    return segment;
  });

const anyHttp = fc.record({
  url: anyText.map((rest) => `/${rest}`),
  method: fc.oneof(
    fc.constantFrom('GET', 'POST', 'M-SEARCH', ':'),
    anyText.map((rest) => `X${rest.slice(0, 40)}`),
  ),
  statusCode: fc.oneof(fc.integer({ min: 100, max: 599 }), fc.integer({ min: 1 })),
});

/**
 * Segments that mean the same in both protocols: all is known of their requests by HTTP, and nothing of other work; no
 * refs, ids that are numbers of a time after 1970, nothing that only v3 has, no component that only it knows.
 */
export const anyOfBoth: fc.Arbitrary<Segment> = fc
  .tuple(anyTagged, fc.array(anyHttp, { minLength: 5, maxLength: 5 }))
  .filter(([{ traceId, segmentId }]) =>
    [traceId, segmentId].every((id) => /^-?\d+\.-?\d+\.(?!0\d)-?\d+$/.test(String(id))),
  )
  .map(([segment, https]) => {
    segment.skipsAnalysis = false;
    segment.spans.forEach((span, i) => {
      span.refs = undefined;
      span.componentId = componentOnV2(span.componentId);
      Object.assign(span, span.layer === Layer.http ? https[i] : { url: '', method: '', statusCode: 0 });
    });
    return segment;
  });
