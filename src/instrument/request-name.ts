import { routeOf } from './route';
import { messageOf } from '../base/errors';
import type { Log } from '../base/log';
import type { Naming } from '../trace/span';

/** The name of a request's entry span as soon as a framework has found its route. */
export class RequestName implements Naming {
  constructor(
    private readonly request: object,
    private readonly log: Log,
  ) {}

  currentName(path: string): string | undefined {
    try {
      return routeOf(this.request, path);
    } catch (error) {
      // A getter of the application's.
      this.log.error(`a route could not be traced: ${messageOf(error)}`, 'http server route');
      return undefined;
    }
  }
}
