import { define } from '../../src/base/define';

const FIELDS = ['get', 'set', 'value', 'writable', 'enumerable', 'configurable'] as const;
const DESCRIPTORS: readonly PropertyDescriptor[] = [{ value: 1 }, { get: () => 1 }, { set: () => undefined }, {}];

function defined(descriptor: PropertyDescriptor): PropertyDescriptor {
  const owner = {};
  expect(define(owner, 'x', descriptor)).toBe(true);
  return { ...Object.getOwnPropertyDescriptor(owner, 'x') };
}

/** Without `expect`, which does not work meanwhile. */
function whileInherited<T>(field: string, work: () => T): T {
  const put: object = Object.assign(Object.create(null), { value: () => undefined, configurable: true });
  Reflect.defineProperty(Object.prototype, field, put);
  try {
    return work();
  } finally {
    Reflect.deleteProperty(Object.prototype, field);
  }
}

describe('a property', () => {
  it.each(FIELDS)('is defined by its descriptor alone, whatever Object.prototype has as %s', (field) => {
    const shown = DESCRIPTORS.map(defined);
    const owners = DESCRIPTORS.map(() => ({}));
    const results = whileInherited(field, () => owners.map((owner, n) => define(owner, 'x', DESCRIPTORS[n]!)));
    expect(results).toEqual(DESCRIPTORS.map(() => true));
    expect(owners.map((owner) => ({ ...Object.getOwnPropertyDescriptor(owner, 'x') }))).toEqual(shown);
  });

  it('is defined without a copy of its descriptor, where Object.prototype is as it was', () => {
    const descriptor = { value: 1 };
    const spy = jest.spyOn(Reflect, 'defineProperty');
    define({}, 'x', descriptor);
    const given: unknown = spy.mock.calls[0]?.[2];
    spy.mockRestore();
    expect(given).toBe(descriptor);
  });
});
