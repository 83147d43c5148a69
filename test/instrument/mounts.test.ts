import { MountNames } from '../../src/instrument/route/mount-names';
import { byValues, joined, literal, parameter, type PathPiece } from '../../src/instrument/route/path-pieces';
import { heldBytes } from '../support/garbage';

const a = parameter('a');
const rest: PathPiece = { name: '*', source: '.+' };

function pieceOf(...pieces: readonly (string | PathPiece)[]): PathPiece {
  return joined(pieces.map((piece) => (typeof piece === 'string' ? literal(piece) : piece)));
}

/** All texts of these characters, from the empty one on. */
function textsOf(characters: string, longest: number): string[] {
  if (longest === 0) return [''];
  const shorter = textsOf(characters, longest - 1);
  const longer = shorter.filter((text) => text.length === longest - 1);
  return [...shorter, ...longer.flatMap((text) => Array.from(characters, (character) => text + character))];
}

/** The least of a few runs, in milliseconds: what else the machine does only adds to them. */
function costOf(work: () => unknown): number {
  let least = Infinity;
  for (let run = 0; run < 5; run++) {
    const before = performance.now();
    for (let n = 0; n < 4; n++) work();
    least = Math.min(least, performance.now() - before);
  }
  return least;
}

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

  it.each([
    ['text alone', pieceOf('/a-b')],
    ['a parameter', pieceOf('/a/', a)],
    ['a parameter within', pieceOf('/', a, '/b')],
    ['two parameters of a segment', pieceOf('/', a, '-', a)],
    ['three parameters of a segment', pieceOf('/', a, '-', a, '-', a)],
    ['parameters side by side', pieceOf('/', a, a)],
    ['parameters of some segments', pieceOf('/', a, '-', a, '/', a, 'b')],
    ['a parameter of any number of segments', pieceOf('/a', rest)],
    ['one of these among others', pieceOf('/', a, '-', rest, 'b/', a)],
    ['two of these', pieceOf(rest, '-', rest, '/a')],
  ])('cover just what their source does as a regular expression: %s', (_what, piece) => {
    const mounts = new MountNames('/');
    mounts.learn('', piece);
    const expression = new RegExp(`^${piece.source}$`, 'i');
    const paths = textsOf('/-aB', 7).slice(1);
    const covered = paths.filter((path) => mounts.nameAt(path) !== undefined);
    expect(covered).toEqual(paths.filter((path) => expression.test(path)));
    expect(covered).not.toEqual([]);
  });

  it('take text that looks like a pattern for text', () => {
    const mounts = new MountNames('/');
    const text = '/.+/[^/]+/\\d.+-[^/]+$';
    mounts.learn('', pieceOf(text, a));
    expect([`${text}1`, '/ab/c/1-d$1', text].map((path) => mounts.nameAt(path))).toEqual([
      `${text}:a`,
      undefined,
      undefined,
    ]);
  });

  it.each([
    ['two parameters', pieceOf('/', a, '-', a), 15_000],
    ['three parameters', pieceOf('/', a, '-', a, '-', a), 1_024],
    ['parameters of any number of segments', pieceOf(rest, '-', rest, '-', rest), 1_024],
  ])('are compared in a time that grows with the path at most, with %s in a segment', (_what, piece, longest) => {
    const mounts = new MountNames('/');
    mounts.learn('', piece);
    const cost = (length: number): number => {
      const path = `/${'-'.repeat(length - 3)}/x`;
      return costOf(() => mounts.nameAt(path));
    };
    const usual = cost(32);
    // A square would be 256 times as much.
    expect(cost(512) / usual).toBeLessThan(80);
    expect(cost(longest) / usual).toBeLessThan(80);
  });

  it.each([512, 15_000])('hold a bounded number of bytes where each path has %i characters', (length) => {
    const work = (): MountNames => {
      const mounts = new MountNames('/:id');
      for (let n = 0; n < 20; n++) {
        const base = `/${n}`.padEnd(length, '.');
        if (mounts.nameAt(base) === undefined) mounts.learn(base, literal(base));
      }
      return mounts;
    };
    work();
    const before = heldBytes();
    const kept = Array.from({ length: 20 }, work);
    expect((heldBytes() - before) / kept.length).toBeLessThan(200_000);
    expect(kept[0]!.nameAt('.'.repeat(513))).toBe('/*/:id');
  });
});

describe('a path whose parameters are found by their values', () => {
  it('is left as it is where it has more segments than any route', () => {
    expect(byValues('/7'.repeat(256), { id: '7' }).name).toBe(`${'/7'.repeat(255)}/:id`);
    const long = '/7'.repeat(257);
    expect(byValues(long, { id: '7' }).name).toBe(long);
  });

  it('shows no value, however long that is', () => {
    const token = 'a'.repeat(15_000);
    expect(byValues(`/verify/${token}`, { token }).name).toBe('/verify/:token');
  });

  it('has one of the first 32 parameters: a router may have put into them whatever a caller has sent', () => {
    const others = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 'no']));
    expect(byValues('/orders/7', { ...others(31), id: '7' }).name).toBe('/orders/:id');
    expect(byValues('/orders/7', { ...others(32), id: '7' }).name).toBe('/orders/7');
  });

  it.each([
    ...['\u202Etni', 'a\nfake', 'a\x1B[2J', 'a\0', 'a b', 'a/b', 'a?b=c', '\u3164', '\uFEFF', '\uD800', ''],
    'a'.repeat(65),
  ])('has no parameter of a name that hardly any route has, but a caller may choose: %j', (name) => {
    expect(byValues('/pay', { [name]: 'pay' }).name).toBe('/pay');
  });

  it.each([
    'id',
    '*',
    'user-id',
    'user.id',
    'user~id',
    'a:b',
    '$id',
    '_',
    'col·lecció',
    'größe',
    'नाम',
    '番号',
    'a'.repeat(64),
  ])('has the parameter %s', (name) => {
    expect(byValues('/orders/7', { [name]: '7' }).name).toBe(`/orders/:${name}`);
  });
});
