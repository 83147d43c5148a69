import { routeOf } from '../../route/route';
import { errorMessage } from '../../../base/text';
import type { NameSource } from '../../../model/segment';
import type { PathNames } from './path-names';

/** The name of a request's entry span as soon as a framework has found its route. */
export class RequestName implements NameSource {
  constructor(
    private readonly request: object,
    private readonly path: string,
    private readonly paths: PathNames,
  ) {}

  /** @param given the path, or what an instrumentation of OpenTelemetry's has found in its place */
  resolve(given: string): string {
    return this.route() ?? this.paths.nameOf(given);
  }

  private route(): string | undefined {
    try {
      return routeOf(this.request, this.path);
    } catch (error) {
      // A getter of the application's.
      this.paths.options.log.error(`a route could not be traced: ${errorMessage(error)}`, 'http server route');
      return undefined;
    }
  }
}
