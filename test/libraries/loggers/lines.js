'use strict';

const http = require('node:http');
const { Writable } = require('node:stream');

const port = Number(process.env.PORT);
const ID_NAMES = ['traceId', 'segmentId', 'spanId'];

/** What a logger has written since it was last asked. */
function memory() {
  const lines = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => done(void lines.push(...String(chunk).split('\n'))),
  });
  return { stream, take: () => lines.splice(0).filter((line) => line !== '') };
}

/** Loggers of each kind, by name: `write(form)` makes the lines of one form. */
function loggersOf({ pino, winston, bunyan }) {
  const made = {};
  const error = () => Object.assign(new Error('broken'), { stack: 'Error: broken' });
  const numbered = (name, create) => {
    const { stream, take } = memory();
    const log = create(stream);
    const child = log.child({ of: 'child' });
    const frozen = Object.freeze({ kept: 1 });
    const again = { again: 1 };
    made[name] = {
      take,
      forms: {
        plain: () => log.info('plain'),
        child: () => child.warn({ n: 1 }, 'child %d', 7),
        frozen: () => log.info(frozen, 'frozen'),
        error: () => log.error(error()),
        own: () => log.info({ traceId: 'own' }, 'own'),
        nested: () => log.info({ request: { traceId: 'other' } }, 'nested'),
        same: () => log.info(again),
        quiet: () => log.debug('quiet'),
      },
    };
  };
  numbered('pino', (stream) => pino({ redact: ['secret'] }, stream));
  numbered('pino-mixin', (stream) => pino({ mixin: () => ({ mixed: 1 }), nestedKey: 'payload', crlf: true }, stream));
  numbered('bunyan', (stream) => bunyan.createLogger({ name: 'lines', stream }));
  const { stream, take } = memory();
  const log = winston.createLogger({
    defaultMeta: { service: 'lines' },
    format: winston.format.combine(winston.format.errors({ stack: true }), winston.format.json()),
    transports: [new winston.transports.Stream({ stream })],
  });
  const child = log.child({ of: 'child' });
  const again = { message: 'again' };
  made.winston = {
    take,
    forms: {
      plain: () => log.info('plain'),
      child: () => child.warn('child', { n: 1 }),
      frozen: () => log.info('frozen', Object.freeze({ kept: 1 })),
      error: () => log.error(error()),
      own: () => log.info('own', { traceId: 'own' }),
      nested: () => log.info('nested', { request: { traceId: 'other' } }),
      logged: () => log.log({ level: 'info', message: 'logged' }),
      same: () => log.info(again),
      quiet: () => log.debug('quiet'),
    },
  };
  return made;
}

/** The ids that the request has which is made now, of its header: what a line of now has to have. None without an agent. */
function idsOfNow() {
  return new Promise((resolve) => {
    http.get({ port, host: '127.0.0.1', path: '/header', agent: false }, (response) => {
      response.on('data', (data) => resolve(JSON.parse(String(data)))).resume();
    });
  });
}

function idsIn({ headers: { sw6, sw8 } }) {
  const parts = (sw8 ?? sw6)?.split('-');
  if (parts === undefined || parts.length < 3) return {};
  const [traceId, segmentId] = [1, 2].map((n) => Buffer.from(parts[n], 'base64').toString());
  return { traceId, segmentId };
}

/** @returns a line as it would be without the ids, which are checked */
function bareLine(line, ids, isOutside) {
  const found = JSON.parse(line);
  if (new Set(line.match(/"traceId":"/g)).size > 1) return `two of one name: ${line}`;
  const expected = isOutside || ids.traceId === undefined ? {} : { ...ids, spanId: 0 };
  for (const name of ID_NAMES) {
    const isOwn = name === 'traceId' && found.traceId === 'own';
    if (!isOwn && found[name] !== expected[name]) return `${name} is ${found[name]} and not ${expected[name]}: ${line}`;
    if (!isOwn) delete found[name];
  }
  for (const name of ['time', 'pid', 'hostname']) delete found[name];
  return JSON.stringify(found);
}

/** A server with a path for each logger and form; the answers say what was written. */
function serve(loggers) {
  const made = loggersOf(loggers);
  const outside = Object.entries(made).flatMap(([name, { forms, take }]) => {
    forms.plain();
    return take().map((line) => `${name} ${bareLine(line, {}, true)}`);
  });
  const server = http.createServer((request, response) => {
    if (request.url === '/header') return response.end(JSON.stringify(idsIn(request)));
    if (request.url === '/outside') return response.end(JSON.stringify(outside));
    const [, name, form] = request.url.split('/');
    const { forms, take } = made[name];
    forms[form]();
    const lines = take();
    const isAsExpected = form === 'quiet' ? lines.length === 0 : lines.length === 1;
    idsOfNow().then((ids) => {
      const shown = lines.map((line) => bareLine(line, ids, false));
      response.end(JSON.stringify(isAsExpected ? shown : `it wrote ${lines.length} lines`));
    });
  });
  server.listen(port, '127.0.0.1', () => console.log('listening'));
  process.once('SIGTERM', () => server.close(() => console.log('closed')));
}

module.exports = { serve };
