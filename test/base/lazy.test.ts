import { lazy, LoadError } from '../../src/base/lazy';

describe('a lazy module', () => {
  it('is loaded on the first call, and once', () => {
    const load = jest.fn(() => ({ name: 'module' }));
    const get = lazy(load);
    expect(load).not.toHaveBeenCalled();
    expect(get()).toBe(get());
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('says in one line why it could not be loaded, and is loaded by a later call that succeeds', () => {
    const missing = new Error("Cannot find module 'uuid'\nRequire stack:\n- /srv/app.js");
    const load = jest.fn(() => 'module');
    load.mockImplementationOnce(() => {
      throw missing;
    });
    const get = lazy(load);
    expect(get).toThrow(new LoadError("Cannot find module 'uuid'", { cause: missing }));
    expect(get()).toBe('module');
  });
});
