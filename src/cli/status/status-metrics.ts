import { dropsOf, field, printableField, isRegistered, type Instance } from '../../control/client/live-instances';

type Labels = Readonly<Record<string, string>>;

interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  /** None where the entry does not tell. */
  readonly read: (entry: unknown) => readonly (readonly [labels: Labels, value: unknown])[];
}

const at =
  (...path: readonly string[]) =>
  (entry: unknown) =>
    [[{}, field(entry, ...path)]] as const;

const METRICS: readonly Metric[] = [
  {
    name: 'registered',
    type: 'gauge',
    help: 'Whether the backend knows the instance.',
    read: (entry) => [[{}, isRegistered(entry) ? 1 : 0]],
  },
  {
    name: 'heartbeat_failures',
    type: 'gauge',
    help: 'Failures in a row.',
    read: at('heartbeat', 'failures'),
  },
  {
    name: 'registrations',
    type: 'counter',
    help: 'Registrations, the first included.',
    read: at('registration', 'epoch'),
  },
  { name: 'resets', type: 'counter', help: 'Registrations after the first.', read: resetsOf },
  { name: 'reconnects', type: 'counter', help: 'Connections to a backend after the first.', read: at('reconnects') },
  { name: 'segments_accepted', type: 'counter', help: 'Segments traced.', read: at('segments', 'accepted') },
  { name: 'segments_sent', type: 'counter', help: 'Segments the backend took.', read: at('segments', 'sent') },
  { name: 'segments_dropped', type: 'counter', help: 'Segments lost, by reason.', read: droppedOf },
  {
    name: 'segments_in_flight',
    type: 'gauge',
    help: 'Segments written, fate unknown.',
    read: at('segments', 'inFlight'),
  },
  { name: 'segments_buffered', type: 'gauge', help: 'Segments that wait.', read: at('segments', 'buffered') },
];

function resetsOf(entry: unknown): readonly (readonly [labels: Labels, value: unknown])[] {
  const epoch = field(entry, 'registration', 'epoch');
  return typeof epoch === 'number' ? [[{}, Math.max(0, epoch - 1)]] : [];
}

function droppedOf(entry: unknown): readonly (readonly [labels: Labels, value: unknown])[] {
  return dropsOf(entry).map(([reason, count]) => [{ reason }, count] as const);
}

/** The live instances in the text format of OpenMetrics, for Prometheus and its like. */
export function openMetrics(instances: readonly Instance[]): string {
  const lines = METRICS.flatMap(({ name, type, help, read }) => [
    `# TYPE skyanchor_${name} ${type}`,
    `# HELP skyanchor_${name} ${help}`,
    ...instances.flatMap(({ name: instance, entry }) =>
      read(entry).flatMap(([labels, value]) => {
        if (typeof value !== 'number' || !Number.isFinite(value)) return [];
        const all = { service: printableField(field(entry, 'service')), instance, ...labels };
        return [`skyanchor_${name}${type === 'counter' ? '_total' : ''}{${formatLabels(all)}} ${value}`];
      }),
    ),
  ]);
  return `${lines.join('\n')}\n# EOF\n`;
}

function formatLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${printableField(value).replace(/["\\]/g, '\\$&')}"`)
    .join(',');
}
