import { hostPort } from '../peer';

interface Origin {
  /** With its slashes: `https://` */
  readonly scheme: string;
  /** `host:port` */
  readonly peer: string;
}

const REMEMBERED = 256;

/** Taking an origin apart costs a microsecond, and an application talks to few. */
export class OriginCache {
  private readonly known = new Map<unknown, Origin>();

  of(origin: unknown): Origin {
    const known = this.known.get(origin);
    if (known) return known;
    const { hostname, port, protocol } = new URL(String(origin));
    const made = { scheme: `${protocol}//`, peer: hostPort(hostname, port || (protocol === 'https:' ? 443 : 80)) };
    // An object is hardly ever the same one again.
    if (typeof origin !== 'string') return made;
    if (this.known.size >= REMEMBERED) this.known.clear();
    this.known.set(origin, made);
    return made;
  }
}
