import { routeOf } from '../../route/route';
import { errorMessage } from '../../../base/text';
import type { Log } from '../../../base/log';
import type { NameSource } from '../../../model/span';

/** The name of a request's entry span as soon as a framework has found its route. */
export class RequestName implements NameSource {
  constructor(
    private readonly request: object,
    private readonly log: Log,
  ) {}

  resolve(path: string): string | undefined {
    try {
      return routeOf(this.request, path);
    } catch (error) {
      // A getter of the application's.
      this.log.error(`a route could not be traced: ${errorMessage(error)}`, 'http server route');
      return undefined;
    }
  }
}
