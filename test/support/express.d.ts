/** As much of express as tests use: its types are a package of their own. */
declare module 'express' {
  import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

  function express(): RequestListener & express.Router;

  namespace express {
    interface Request extends IncomingMessage {
      readonly params: Readonly<Record<string, string>>;
    }

    type Path = string | RegExp | readonly (string | RegExp)[];
    type Next = (error?: unknown) => void;
    type Handler = (request: Request, response: ServerResponse, next: Next) => unknown;
    type ErrorHandler = (error: unknown, request: Request, response: ServerResponse, next: Next) => unknown;

    interface Routes {
      use(handler: Handler | Router): void;
      use(path: Path, ...handlers: (Handler | Router)[]): void;
      get(path: Path, handler: Handler): void;
    }

    /** Apart: a function that is given for one or the other would have no type from either. */
    interface Failures {
      use(handler: ErrorHandler): void;
      use(path: string, handler: ErrorHandler): void;
    }

    type Router = Routes & Failures;

    function Router(options?: { readonly mergeParams?: boolean }): Router;
  }

  export = express;
}
