'use strict';

const http = require('node:http');

const port = Number(process.env.PORT);

/** Asks this very server: what it is asked shows which trace the caller runs in. */
function askInner(path, done) {
  http.get({ port, host: '127.0.0.1', path: `/inner${path}`, agent: false }, (response) =>
    response.resume().on('end', done),
  );
}

/** As an error shows in an answer: with the first lines of its stack, which hold no line of the library's or of Node's. */
function shown(error) {
  return { name: error.name, message: error.message, code: error.code };
}

/**
 * A server with a path for each way to call a library. Each is called with a function that asks for something in the
 * place where it is called, and one that answers.
 * @param forms by name: `(inner, done, n) => promise or nothing`
 * @param close called before the process ends
 */
function serve(forms, close) {
  const server = http.createServer((request, response) => {
    const [, name, n] = request.url.split('/');
    if (name === 'inner') return response.end('inner');
    const done = (error, value) => response.end(JSON.stringify(error ? shown(error) : (value ?? null)));
    const inner = (then) => askInner(request.url, then);
    const result = forms[name](inner, done, n);
    result?.then(
      (value) => inner(() => done(undefined, value)),
      (error) => inner(() => done(error)),
    );
  });
  server.listen(port, '127.0.0.1', () => console.log('listening'));
  process.once('SIGTERM', () => server.close(() => close(() => console.log('closed'))));
}

module.exports = { askInner, serve };
