import { groupPath } from '../../route/group-path';
import { routeOf } from '../../route/route';
import { errorMessage } from '../../../base/text';
import type { InstrumentOptions } from '../../options';
import type { NameSource } from '../../../model/span';

/** The name of a request's entry span as soon as a framework has found its route. */
export class RequestName implements NameSource {
  constructor(
    private readonly request: object,
    private readonly options: InstrumentOptions,
  ) {}

  resolve(path: string): string | undefined {
    return this.route(path) ?? (this.options.groupEndpoints === true ? groupPath(path) : undefined);
  }

  private route(path: string): string | undefined {
    try {
      return routeOf(this.request, path);
    } catch (error) {
      // A getter of the application's.
      this.options.log.error(`a route could not be traced: ${errorMessage(error)}`, 'http server route');
      return undefined;
    }
  }
}
