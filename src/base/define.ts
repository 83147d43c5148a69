/**
 * `Reflect.defineProperty` by the descriptor alone. With a `get` on `Object.prototype`, put there by a caller of a careless
 * application, one that inherits from it is refused with an exception; a copy without a prototype takes twice as long.
 * @returns whether it could be done
 */
export function define(owner: object, name: PropertyKey, descriptor: PropertyDescriptor): boolean {
  if (!hasField(Object.prototype)) return Reflect.defineProperty(owner, name, descriptor);
  return Reflect.defineProperty(owner, name, Object.assign(Object.create(null) as PropertyDescriptor, descriptor));
}

function hasField(one: object): boolean {
  return (
    'get' in one || 'set' in one || 'value' in one || 'writable' in one || 'enumerable' in one || 'configurable' in one
  );
}
