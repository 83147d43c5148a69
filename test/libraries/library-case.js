'use strict';

const servers = require('../servers/servers');

/** One server of each kind, for all cases and runs. */
const started = new Map();

function serverOf(name) {
  if (!started.has(name)) started.set(name, servers.start(name));
  return started.get(name);
}

/** By server: settles when nothing that was asked for before uses it. */
const turns = new Map();

/** Runs with two jobs may be of one server, where each would find what the other has written. */
async function inTurn(name, use) {
  if (name === undefined) return use();
  const before = turns.get(name);
  const own = (async () => {
    await before;
    return use();
  })();
  turns.set(
    name,
    own.catch(() => undefined),
  );
  return own;
}

async function stopServers() {
  for (const server of started.values()) await server.then(({ stop }) => stop());
}

const nameOf = ({ operationName }) => operationName.replace(/^[A-Z]+:/, '');

/** @returns by its path, every span of the trace that a request has begun */
function tracesByPath(segments) {
  const traces = new Map();
  for (const { traceId, spans } of segments) traces.set(traceId, [...(traces.get(traceId) ?? []), ...spans]);
  const byPath = new Map();
  for (const spans of traces.values()) {
    const root = spans.find(({ type, refs }) => type === 'Entry' && refs.length === 0);
    const path = root && nameOf(root);
    byPath.set(path, [...(byPath.get(path) ?? []), spans]);
  }
  return byPath;
}

const tagsOf = ({ tags }) => Object.fromEntries(tags.map(({ key, value }) => [key, value]));

/** @returns what is not as it is `expected`: a port of the loopback address, a layer, a component, tags by their keys */
function placeOddities({ peer, layer, component }, tags, { port, ...expected }) {
  const found = { ...tags, layer, component };
  const odd = Object.entries(expected).filter(([name, value]) => found[name] !== value);
  return [
    ...(peer === `127.0.0.1:${port}` ? [] : [`its peer is ${peer}`]),
    ...odd.map(([name, value]) => `its ${name} is ${found[name]} instead of ${value}`),
  ];
}

/** What stands in a span of the library, to be compared with what the case says. */
function shown(span) {
  const { operationName, isError } = span;
  return isError ? `${operationName} failed` : operationName;
}

/** @param form `{spans, may, inner}` what its request is to have */
function differencesOfForm(path, { spans: expected, may, inner = true }, traces, of) {
  if (traces === undefined) return [`${path}: no trace`];
  if (traces.length !== 1) return [`${path}: ${traces.length} traces`];
  const [spans] = traces;
  const own = spans.filter(of.isOwn);
  const found = own
    .map(shown)
    .filter((name) => name !== may)
    .sort()
    .join(', ');
  const wanted = [...expected].sort().join(', ');
  const hasInner = spans.some((span) => span.type === 'Entry' && nameOf(span) === `/inner${path}`);
  const odd = own.filter((span) => span.type === 'Exit').flatMap((span) => of.oddities(span, tagsOf(span)));
  return [
    ...(found === wanted ? [] : [`${path}: expected ${wanted || 'no span'}, found ${found || 'none'}`]),
    ...(hasInner || !inner ? [] : [`${path}: what was called in its callback is not in its trace`]),
    ...odd.map((text) => `${path}: ${text}`),
  ];
}

/**
 * What a case has that plays with a server.
 * @param server undefined: it needs none @param play as the case's, with the port of the server besides
 */
function withServer(server, play) {
  return {
    skip: () => server && servers.reasonIfMissing(server),
    play: (stage) =>
      inTurn(server, async () => {
        const port = server === undefined ? undefined : (await serverOf(server)).port;
        stage.env = { ...stage.env, SERVER_PORT: String(port), SW_AGENT_GROUP_ENDPOINTS: 'false' };
        return play(stage, port);
      }),
  };
}

/**
 * The case of one library. Its program serves a path for each of `forms`, in which it calls the library in one way.
 * @param forms by name: `spans`, names of the library's spans in the trace, `inner: false` where nothing is called back
 * @param eight forms of which eight requests are made at once; a span that one `may` have besides is not counted
 * @param server undefined: it needs none
 * @param isOwn whether a span is the library's @param oddities what is wrong with one, of its span and its tags
 * @param more what else is wrong, of all segments
 */
function libraryCase({ server, forms, eight = {}, isOwn, oddities, more = () => [], ...rest }) {
  const requests = Object.keys(forms).map((name) => ({ path: `/${name}` }));
  const atOnce = Object.keys(eight).flatMap((name) => Array.from({ length: 8 }, (_, n) => ({ path: `/${name}/${n}` })));
  const port = { now: 0 };
  const of = { isOwn, oddities: (span, tags) => oddities(span, tags, port.now) };
  return {
    ...withServer(server, async (stage, at) => {
      port.now = at;
      const program = stage.start(stage.app.program);
      await program.listensOn(stage.port, 60_000);
      await stage.isRegistered();
      const answers = [];
      for (const request of requests) answers.push(await stage.ask(request));
      answers.push(...(await Promise.all(atOnce.map((request) => stage.ask(request)))));
      await stage.tracesArrive({ entries: 2 * answers.length });
      program.kill('SIGTERM');
      return { answers, ...(await program.endsWithin(30_000)), stdout: program.stdout, stderr: program.stderr };
    }),
    end: 'SIGTERM',
    requests: [...requests, ...atOnce],
    expects: ({ answers }) => answers.filter(({ status }) => status !== 200).map(({ body }) => `it fails: ${body}`),
    expectsWithAgent({ seen: { segments, dropped } }) {
      const traces = tracesByPath(segments);
      const formOf = (path) => ({ ...forms, ...eight })[path.split('/')[1]];
      const differences = ({ path }) => differencesOfForm(path, formOf(path), traces.get(path), of);
      return [...dropped, ...[...requests, ...atOnce].flatMap(differences), ...more(segments)];
    },
    ...rest,
  };
}

module.exports = { libraryCase, placeOddities, serverOf, stopServers, withServer };
