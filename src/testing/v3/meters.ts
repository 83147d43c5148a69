import type { MeterRecord } from '../record/records';
import type { NodeRecorder } from '../record/node-recorder';
import { decodeMessage } from '../server/codec';
import type { StreamReader } from '../server/methods';
import { messageType } from '../server/schema';

interface Labelled {
  readonly name: string;
  readonly labels: readonly { readonly name: string; readonly value: string }[];
}

interface WireMeter {
  readonly singleValue?: Labelled & { readonly value: number };
  readonly histogram?: Labelled & {
    readonly values: readonly {
      readonly bucket: number;
      readonly count: string;
      readonly isNegativeInfinity: boolean;
    }[];
  };
  readonly service: string;
  readonly serviceInstance: string;
  readonly timestamp: string;
}

type Measured = Pick<MeterRecord, 'name' | 'labels' | 'value' | 'buckets'>;

/** The meters of one stream: the instance names itself once, for all of them. Taken when the stream ends. */
export function meters(nodeRecorder: NodeRecorder): StreamReader {
  const batch = new Batch(nodeRecorder);
  return {
    take: (bytes) => {
      batch.add(decodeMessage(messageType('v3', 'MeterData'), bytes) as unknown as WireMeter);
      return Promise.resolve();
    },
    end: () => batch.close(),
  };
}

/** Each message is a batch of its own. */
export function meterBatches(nodeRecorder: NodeRecorder): StreamReader {
  return {
    take: (bytes) => {
      const { meterData } = decodeMessage(messageType('v3', 'MeterDataCollection'), bytes) as {
        readonly meterData?: readonly WireMeter[];
      };
      const batch = new Batch(nodeRecorder);
      for (const meter of meterData ?? []) batch.add(meter);
      batch.close();
      return Promise.resolve();
    },
  };
}

class Batch {
  private readonly measured: Measured[] = [];
  private service = '';
  private instance = '';
  private time = 0;

  constructor(private readonly nodeRecorder: NodeRecorder) {}

  add(meter: WireMeter): void {
    const measured = measuredOf(meter);
    if (!measured) return;
    this.measured.push(measured);
    this.service = meter.service || this.service;
    this.instance = meter.serviceInstance || this.instance;
    this.time = Math.max(Number(meter.timestamp), 0) || this.time;
  }

  /** The real server throws all of it away where the service, the instance or the time is missing. */
  close(): void {
    const { service, instance, time } = this;
    if (service === '' || instance === '' || time === 0) return;
    for (const measured of this.measured) this.nodeRecorder.meter({ service, instance, time, ...measured });
  }
}

/** Undefined: neither a value nor a histogram; the server then does not even look whose it is. */
function measuredOf({ singleValue, histogram }: WireMeter): Measured | undefined {
  if (singleValue) return { ...named(singleValue), value: singleValue.value, buckets: [] };
  if (!histogram) return undefined;
  const buckets = histogram.values.map((bucket) => ({ ...bucket, count: Number(bucket.count) }));
  return { ...named(histogram), value: null, buckets };
}

function named({ name, labels }: Labelled) {
  return { name, labels: labels.map((label) => ({ key: label.name, value: label.value })) };
}
