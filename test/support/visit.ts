import { get } from 'node:http';

/** Asks for a page of a server on this host; the answer's status code. */
export function visit(port: number, page: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: page, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    }).on('error', reject);
  });
}
