import { describeClusterFaults } from './cluster-faults';
import { collect } from './collect';

describeClusterFaults({
  version: '10.1.0',
  async sendTwice(nodes) {
    const now = Date.now();
    const span = {
      ...{ spanId: 0, parentSpanId: -1, spanType: 'Entry', operationName: '/twice', componentId: 4001 },
      ...{ startTime: now, endTime: now },
    };
    const ids = { traceId: `twice-${now}`, traceSegmentId: `twice-${now}` };
    const segment = { ...ids, service: 'twice', serviceInstance: 'twice-1', spans: [span] };
    for (const { grpc } of nodes) await collect('v3', grpc, segment);
  },
});
