/** A trace header of a message. */
export interface CarrierItem {
  readonly key: string;
  readonly value: string;
}

const HEADERS = ['sw8', 'sw8-correlation', 'sw8-x', 'sw6'];

/** The trace headers of a message, on their way in or out. */
export class ContextCarrier implements CarrierItem {
  readonly key: string;
  readonly value: string;

  constructor(readonly items: readonly CarrierItem[] = []) {
    const main = items.find(({ key }) => key === 'sw8' || key === 'sw6');
    this.key = main?.key ?? 'sw8';
    this.value = main?.value ?? '';
  }

  /** Whether it says anything. An empty header means that the caller is not traced. */
  isValid(): boolean {
    return this.value !== '';
  }

  /** @param map headers by name, in upper or lower case; undefined: there is no carrier among them */
  static from(map: Readonly<Record<string, unknown>> | null | undefined): ContextCarrier | undefined {
    const items = Object.entries(map ?? {}).flatMap(([name, value]): CarrierItem[] => {
      const key = name.toLowerCase();
      const text: unknown = Array.isArray(value) ? value[0] : value;
      return HEADERS.includes(key) && typeof text === 'string' ? [{ key, value: text }] : [];
    });
    return items.some(({ key }) => key === 'sw8' || key === 'sw6') ? new ContextCarrier(items) : undefined;
  }

  /** As a request has them. */
  get headers(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.items.map(({ key, value }) => [key, value]));
  }
}
