'use strict';

const Sentry = require('@sentry/node');

Sentry.init({
  dsn: 'http://key@127.0.0.1:9/1',
  tracesSampleRate: 1,
  traceLifecycle: 'static',
  // Nothing leaves the process.
  transport: () => ({ send: () => Promise.resolve({ statusCode: 200 }), flush: () => Promise.resolve(true) }),
  beforeSend(event) {
    console.log(`event ${event.exception?.values?.map(({ value }) => value).join()}`);
    return null;
  },
  beforeSendTransaction(event) {
    console.log(`transaction ${event.transaction}: ${event.spans.map(({ op }) => op).sort()}`);
    return null;
  },
});
