import { patch, type Patched, type Undo } from '../../src/instrument/patch';

type Greet = (this: unknown, name?: string) => string;

class Above {
  greet(name = 'you'): string {
    return `hello ${name}`;
  }
}

class Below extends Above {}

const adding = (mark: string) => (layer: Patched<Greet>) =>
  function (this: unknown, name?: string): string {
    const said = layer.below.call(this, name);
    return layer.isOn ? said + mark : said;
  };

function put(owner: object, mark: string): Undo {
  return patch<Greet>(owner, 'greet', adding(mark));
}

let undos: Undo[] = [];
const original = Object.getOwnPropertyDescriptor(Above.prototype, 'greet')!;

afterEach(() => {
  for (const undo of undos) undo();
  undos = [];
  Object.defineProperty(Above.prototype, 'greet', original);
  Reflect.deleteProperty(Below.prototype, 'greet');
});

describe('a patch', () => {
  it('takes the place of a method, and its undo leaves everything as it was', () => {
    const undo = put(Above.prototype, '!');
    expect(new Above().greet('Ann')).toBe('hello Ann!');
    undo();
    undo();
    expect(Object.getOwnPropertyDescriptor(Above.prototype, 'greet')).toEqual(original);
  });

  it('of an inherited method leaves nothing behind', () => {
    const undo = put(Below.prototype, '!');
    expect(new Below().greet()).toBe('hello you!');
    expect(new Above().greet()).toBe('hello you');
    undo();
    expect(Object.hasOwn(Below.prototype, 'greet')).toBe(false);
  });

  it('of an inherited method follows one who patches above it later, as the domain module does to all emitters', () => {
    undos.push(put(Below.prototype, '!'));
    Above.prototype.greet = (name) => `good day ${name}`;
    expect(new Below().greet('Ann')).toBe('good day Ann!');
  });

  it('looks like what it replaces', () => {
    const shape = ({ name, length }: { name: string; length: number }): unknown => [name, length];
    const before = shape(Above.prototype.greet);
    undos.push(put(Above.prototype, '!'));
    expect(shape(Above.prototype.greet)).toEqual(before);
    expect(Object.keys(Above.prototype)).toEqual([]);
  });

  it('under the patch of another library is not taken away from under it, but does nothing any more', () => {
    const undo = put(Above.prototype, '!');
    const ours = Above.prototype.greet;
    Above.prototype.greet = function (name) {
      return `${ours.call(this, name)} (theirs)`;
    };
    undo();
    expect(new Above().greet('Ann')).toBe('hello Ann (theirs)');
    undos.push(put(Above.prototype, '?'));
    expect(new Above().greet('Ann')).toBe('hello Ann (theirs)?');
  });

  it('by a second copy of this package takes off that of the first', () => {
    put(Above.prototype, '!');
    const undo = put(Above.prototype, '?');
    expect(new Above().greet('Ann')).toBe('hello Ann?');
    undo();
    expect(Object.getOwnPropertyDescriptor(Above.prototype, 'greet')).toEqual(original);
  });

  it.each([
    ['has no such method', {}],
    ['has a getter', Object.defineProperty({}, 'greet', { get: () => () => 'hello', configurable: true })],
    ['is frozen', Object.freeze({ greet: () => 'hello' })],
  ])('of an object that %s does nothing', (_why, owner) => {
    const before = Object.getOwnPropertyDescriptor(owner, 'greet');
    const undo = put(owner, '!');
    expect(Object.getOwnPropertyDescriptor(owner, 'greet')).toEqual(before);
    expect(undo).not.toThrow();
    expect(Object.getOwnPropertyDescriptor(owner, 'greet')).toEqual(before);
  });
});
