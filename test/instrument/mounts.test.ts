import { MountNames } from '../../src/instrument/route/mount-names';
import { joined, literal, parameter } from '../../src/instrument/route/path-pieces';

describe('the mounts of a router', () => {
  it('have names without bound no more than paths have: after a handful all others have one together', () => {
    const mounts = new MountNames('/:id');
    const bases = Array.from({ length: 1_000 }, (_, n) => `/of/${n}`);
    const names = bases.map((base) => mounts.nameAt(base) ?? mounts.learn(base, literal(base)));
    expect(names.slice(0, 17)).toEqual([...bases.slice(0, 16).map((base) => `${base}/:id`), '/*/:id']);
    expect(new Set(names).size).toBe(17);
    expect(bases.map((base) => mounts.nameAt(base))).toEqual(names);
  });

  it('cover what differs in a parameter or in case alone', () => {
    const mounts = new MountNames('/');
    const piece = joined([literal('/a.b/'), parameter('id')]);
    expect(mounts.learn('/a.b/1', piece)).toBe('/a.b/:id');
    expect(['/a.b/2', '/A.B/x', '/a-b/1', '/a.b/1/2', '/a.b'].map((base) => mounts.nameAt(base))).toEqual([
      '/a.b/:id',
      '/a.b/:id',
      undefined,
      undefined,
      undefined,
    ]);
  });
});
