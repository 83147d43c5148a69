interface NewHeader {
  /** In small letters. */
  readonly name: string;
  readonly value: string;
  /** Takes the place of this value of it. */
  readonly forwarded: string | undefined;
}

/** Headers as people give them, with one more; what they gave is left as it was. One that is there already stays. */
export function withHeader(headers: unknown, { name, value, forwarded }: NewHeader): unknown {
  if (headers === undefined || headers === null) return { [name]: value };
  const isIt = (one: unknown): boolean => String(one).toLowerCase() === name;
  const isForwarded = (one: unknown): boolean => forwarded !== undefined && one === forwarded;
  if (!Array.isArray(headers)) {
    const own = Object.keys(headers).find(isIt);
    const stays = own !== undefined && !isForwarded((headers as Record<string, unknown>)[own]);
    return stays ? headers : { ...headers, [own ?? name]: value };
  }
  const list: readonly unknown[] = headers;
  // Pairs, or names and values in turn.
  if (Array.isArray(list[0])) {
    const pairs = list as readonly (readonly unknown[])[];
    const at = pairs.findIndex(([one]) => isIt(one));
    if (at === -1) return [...list, [name, value]];
    return isForwarded(pairs[at]?.[1]) ? list.with(at, [name, value]) : headers;
  }
  const at = list.findIndex((one, index) => index % 2 === 0 && isIt(one));
  if (at === -1) return [...list, name, value];
  return isForwarded(list[at + 1]) ? list.with(at + 1, value) : headers;
}
