import fs from 'node:fs';
import { lazy, LoadError, modules } from '../../src/base/lazy';

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

  it('is not looked for while no descriptor is left, since Node.js remembers what it could not read', () => {
    const shortage = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
    const open = jest.spyOn(fs, 'openSync').mockImplementationOnce(() => {
      throw shortage;
    });
    const load = jest.fn(() => 'module');
    const get = lazy(load);
    expect(get).toThrow(new LoadError('EMFILE: too many open files', { cause: shortage }));
    expect(load).not.toHaveBeenCalled();
    expect(get()).toBe('module');
    open.mockRestore();
  });

  it('that is a part of Node.js is there though no descriptor is left', () => {
    const open = jest.spyOn(fs, 'openSync').mockImplementation(() => {
      throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
    });
    try {
      expect(modules.dns()).toHaveProperty('lookup');
    } finally {
      open.mockRestore();
    }
  });
});
