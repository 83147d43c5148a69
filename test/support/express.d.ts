/** As much of express as tests use: its types are a package of their own. */
declare module 'express' {
  import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

  type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

  interface Router {
    use(handler: Handler): void;
    use(path: string, handler: Handler | Router): void;
    get(path: string, handler: Handler): void;
  }

  function express(): RequestListener & Router;

  namespace express {
    function Router(): Router;
  }

  export = express;
}
