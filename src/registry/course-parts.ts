import type { Clock } from '../base/clock';
import type { Log } from '../base/log';
import type { Inquiry } from './inquiry';
import type { Setbacks } from './setbacks';
import type { Standing } from './standing';

/** What the registrar shares with those who take its steps. */
export interface CourseParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly standing: Standing;
  readonly inquiry: Inquiry;
  readonly setbacks: Setbacks;
  readonly onChange: () => void;
}
