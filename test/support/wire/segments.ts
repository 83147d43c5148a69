import { Component, Layer, SpanType } from '../../../src/model/components';
import { CompactId, Int64Id } from '../../../src/model/ids';
import { Segment, Span } from '../../../src/model/segment';

/** An entry and an exit span, as in the vector `segment-v2-entry-exit-ids`. */
export function entryAndExit(): Segment {
  const segment = new Segment(
    new CompactId(7, 4242, 1_573_927_312_240, 0),
    new CompactId(7, 4242, 1_573_927_312_240, 1),
  );
  const exit = new Span(segment, 1, 0, SpanType.exit, '/stock', 1_573_927_312_245);
  exit.endTime = 1_573_927_312_260;
  exit.peer = 'stock:8080';
  exit.layer = Layer.http;
  exit.componentId = Component.httpClient;
  exit.url = 'http://stock:8080/stock?sku=1';
  exit.method = 'GET';
  exit.statusCode = 200;
  const entry = new Span(segment, 0, -1, SpanType.entry, '/orders/17', 1_573_927_312_240);
  entry.endTime = 1_573_927_312_270;
  entry.layer = Layer.http;
  entry.componentId = Component.httpServer;
  entry.url = 'http://orders:3000/orders/17';
  entry.method = 'GET';
  entry.statusCode = 200;
  segment.add(exit);
  segment.add(entry);
  return segment;
}

/** As in the vector `segment-v2-names-ref-error`. */
export function failedWithRef(): Segment {
  const segment = new Segment(
    new CompactId(7, 4242, 1_573_927_312_240, 0),
    new Int64Id([21n, 1n, 15_739_273_199_990_042n]),
  );
  segment.isSizeLimited = true;
  const entry = new Span(segment, 0, -1, SpanType.entry, '/库存/{sku}', 1_573_927_319_999);
  entry.endTime = 1_573_927_320_123;
  entry.layer = Layer.http;
  entry.componentId = 4002;
  entry.isError = true;
  entry.statusCode = 500;
  entry.refs = [
    {
      epoch: 1,
      refType: 0,
      parentSegmentId: new Int64Id([7n, 4242n, 15_739_273_122_400_001n]),
      parentSpanId: 1,
      parentInstanceId: 7,
      entryInstanceId: 7,
      networkAddress: 'stock:8080',
      entryEndpoint: 12,
      parentEndpoint: '/orders/{id}',
    },
  ];
  const stack = 'TypeError: x is undefined\n    at f (app.js:1:1)';
  entry.logs = [
    {
      time: 1_573_927_320_100,
      data: ['event', 'error', 'error.kind', 'TypeError', 'message', 'x is undefined ⚓', 'stack', stack],
    },
  ];
  segment.add(entry);
  return segment;
}
