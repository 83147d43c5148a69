import { groupPath } from '../../route/group-path';
import type { InstrumentOptions } from '../../options';

const MAX_NAMES = 1_000;

/** The names of requests whose route is not known. Logs once where they are too many: each is an endpoint at the backend. */
export class PathNames {
  private lastPath = '';
  private lastName = '';
  /** `undefined` once they were too many. */
  private names: Set<string> | undefined = new Set();

  constructor(readonly options: InstrumentOptions) {}

  nameOf(path: string): string {
    // Mostly the same as before; to compare costs less than to group it, and than to look the name up.
    if (path === this.lastPath) return this.lastName;
    const name = this.options.groupEndpoints === true ? groupPath(path) : path;
    if (this.names !== undefined && name !== this.lastName) this.count(name, this.names);
    this.lastPath = path;
    this.lastName = name;
    return name;
  }

  private count(name: string, names: Set<string>): void {
    if (names.add(name).size <= MAX_NAMES) return;
    this.names = undefined;
    this.options.log.warn(
      `requests without a known route have more than ${MAX_NAMES} names, and each is an endpoint at the backend: ` +
        'ignorePath (SW_AGENT_IGNORE_PATH) leaves paths out',
    );
  }
}
