import { routeOf } from '../../route/route';
import { errorMessage } from '../../../base/text';
import type { NameSource } from '../../../model/segment';
import type { PathNames } from './path-names';

/** The name of a request's entry span as soon as a framework has found its route. */
export class RequestName implements NameSource {
  constructor(
    private readonly request: object,
    private readonly paths: PathNames,
  ) {}

  resolve(path: string): string {
    return this.route(path) ?? this.paths.nameOf(path);
  }

  private route(path: string): string | undefined {
    try {
      return routeOf(this.request, path);
    } catch (error) {
      // A getter of the application's.
      this.paths.options.log.error(`a route could not be traced: ${errorMessage(error)}`, 'http server route');
      return undefined;
    }
  }
}
