'use strict';

const FORMS = ['plain', 'child', 'frozen', 'error', 'own', 'nested', 'same', 'same', 'quiet'];
const LOGGERS = ['pino', 'pino-mixin', 'winston', 'bunyan'];

const linesIn = (answers) => answers.flatMap(({ body }) => JSON.parse(body));

/** Whatever is written, from `info` on, is sent, with the trace that stands in it. */
function differencesOfLines(answers, logs) {
  const written = linesIn(answers).length;
  const odd = logs.filter(({ body, traceId }) => ![traceId, 'own'].includes(JSON.parse(body).traceId ?? ''));
  return [
    ...(logs.length === written ? [] : [`${written} lines are written, ${logs.length} sent`]),
    ...odd.map(({ body, traceId }) => `sent in the trace ${traceId}: ${body}`),
  ];
}

module.exports = {
  title: 'pino, winston and bunyan with the ids of the trace',
  package: 'pino',
  ci: true,
  end: 'SIGTERM',
  env: { SW_LOG_CORRELATION: 'true', SW_AGENT_APPLICATION_LOGS: 'true' },
  requests: [
    ...LOGGERS.flatMap((name) => FORMS.map((form) => ({ path: `/${name}/${form}` }))),
    { path: '/winston/logged' },
    { path: '/outside' },
  ],
  async play(stage) {
    const program = stage.start(stage.app.program);
    await program.listensOn(stage.port, 60_000);
    await stage.isRegistered();
    const answers = [];
    for (const request of stage.app.requests) answers.push(await stage.ask(request));
    // What does not come is found when the lines are looked at.
    if (stage.collector?.protocol === 'v3') {
      const haveCome = () => stage.collector.logs().length >= linesIn(answers).length;
      await stage.until(haveCome, 'the lines', 15_000).catch(() => undefined);
    }
    program.kill('SIGTERM');
    return { answers, ...(await program.endsWithin(30_000)), stdout: program.stdout, stderr: program.stderr };
  },
  expects: ({ answers }) =>
    answers.filter(({ status, body }) => status !== 200 || !body.startsWith('[')).map(({ body }) => body),
  expectsWithAgent: ({ answers, seen }) => (seen.protocol === 'v3' ? differencesOfLines(answers, seen.logs) : []),
};
