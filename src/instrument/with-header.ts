/** Headers as people give them, with one more; what they gave is left as it was. One that is there already stays. */
export function withHeader(headers: unknown, name: string, value: string): unknown {
  if (headers === undefined || headers === null) return { [name]: value };
  if (!Array.isArray(headers)) {
    return hasName(Object.keys(headers), name) ? headers : { ...headers, [name]: value };
  }
  const list: readonly unknown[] = headers;
  // Pairs, or names and values in turn.
  const isPaired = Array.isArray(list[0]);
  const names = isPaired ? list.map((pair) => (pair as unknown[])[0]) : list.filter((_, at) => at % 2 === 0);
  if (hasName(names, name)) return headers;
  return isPaired ? [...list, [name, value]] : [...list, name, value];
}

function hasName(names: readonly unknown[], name: string): boolean {
  return names.some((one) => String(one).toLowerCase() === name);
}
