import { describeDatabase } from './database';
import { describeMessaging } from './messaging';
import { describeGraphql, describeHttp, describePlace, describeRpc } from './remote-call';
import { SpanType } from '../../model/components';
import { KnownAttributes, type Description, type DescriptionOptions } from './attributes';

/** One for all: a description is made at once. */
const known = new KnownAttributes();

/**
 * What OpenTelemetry's attributes say of a span, by the stable names and by those before them, since packages of all ages
 * are installed side by side. `undefined`: it is work of a kind that SkyWalking has no words for.
 * @param list key, value, key, value …
 */
export function describe(
  list: readonly unknown[],
  type: SpanType,
  options: DescriptionOptions,
): Description | undefined {
  const attributes = known.read(list);
  try {
    return (
      describeMessaging(attributes, type === SpanType.entry, options) ??
      describeDatabase(attributes, options) ??
      describeRpc(attributes) ??
      describeHttp(attributes, type === SpanType.entry) ??
      describeGraphql(attributes) ??
      describePlace(attributes)
    );
  } finally {
    known.forget();
  }
}
