/**
 * `Reflect.defineProperty` by a descriptor without a prototype. With a `get` on `Object.prototype`, put there by a caller
 * of a careless application, any other is refused with an exception. @returns whether it could be done
 */
export function define(owner: object, name: PropertyKey, descriptor: PropertyDescriptor): boolean {
  return Reflect.defineProperty(owner, name, Object.assign(Object.create(null) as PropertyDescriptor, descriptor));
}
