interface Wire {
  readonly v2: unknown;
  readonly v3: unknown;
  connect(
    address: string,
    tables: unknown,
  ): { call(method: string, messages: object): Promise<{ status: string }>; close(): void };
  encode(tables: unknown, message: string, value: object): Buffer;
}

const wire: Wire = jest.requireActual('../lib/wire.js');

/** A segment, sent by a client that shares no line with the agent. */
export async function collect(protocol: 'v2' | 'v3', address: string, segment: object): Promise<void> {
  const client = wire.connect(address, wire[protocol]);
  const root = protocol === 'v3' ? 'skywalking.v3.' : '';
  expect(await client.call(`${root}TraceSegmentReportService/collect`, [segment])).toMatchObject({ status: 'OK' });
  client.close();
}

export const encodeV2 = (segment: object): Buffer => wire.encode(wire.v2, 'SegmentObject', segment);
