import { Mounts } from '../../src/instrument/mounts';

describe('the mounts of a router', () => {
  it('are kept by the handful, and named without that as well', () => {
    const mounts = new Mounts('/:id');
    const bases = Array.from({ length: 1_000 }, (_, n) => `/of/${n}`);
    expect(bases.map((base) => mounts.learn(base, {}))).toEqual(bases.map((base) => `${base}/:id`));
    expect(bases.filter((base) => mounts.nameAt(base) !== undefined)).toHaveLength(16);
  });
});
