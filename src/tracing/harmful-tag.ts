/**
 * Whether a backend would lose the whole segment for this tag. OAP 8 and later makes metrics from some tags before it
 * stores anything, and gives up where it cannot read one (seen on 10.1.0): a logic endpoint in `x-le`, milliseconds in
 * `transmission.latency`.
 */
export function isHarmfulTag(key: string, value: string): boolean {
  switch (key) {
    case 'x-le':
      return !isLogicEndpoint(value);
    case 'transmission.latency':
      return !/^[+-]?\d{1,18}$/.test(value);
    default:
      return false;
  }
}

/** An endpoint of its own, as `{"name": …, "latency": …, "status": …}`, or the span as one, as `{"logic-span": true}`. */
function isLogicEndpoint(value: string): boolean {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return false;
  }
  if (typeof parsed !== 'object' || parsed === null) return false;
  const { name, latency, status, 'logic-span': isSpan } = parsed as Readonly<Record<string, unknown>>;
  if (name === undefined) return isSpan === true;
  const isNamed = typeof name === 'string' && name !== '';
  return isNamed && typeof latency === 'number' && Number.isFinite(latency) && typeof status === 'boolean';
}
