'use strict';

/*
 * The map that a backend has drawn, as Mermaid:
 *
 *     node picture.js http://127.0.0.1:12800
 *
 * A genuine OAP is asked for its topology. skyanchor's embedded backend has segments alone, of which the same is made.
 */

const VIRTUAL = { Database: '', Cache: '', MQ: '' };
const HOUR_MS = 3_600_000;

const minute = (time) => new Date(time).toISOString().slice(0, 16).replace('T', ' ').replace(':', '');

async function ask(url, question, variables) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: question, variables }),
  });
  return answer.ok ? (await answer.json()).data : undefined;
}

/** @returns `{nodes: [{name, type}], calls: [{from, to}]}`, each once, in the order of their names */
async function topologyOf(backend) {
  const { list } = (await ask(`${backend}/graphql`, '{ list: getTimeInfo { timezone } }')) ?? {};
  return list ? ofOap(backend, Number(list.timezone)) : ofSegments((await (await fetch(backend)).json()).segments);
}

/** @param zone of the server, such as 1200 for twelve hours before Greenwich */
async function ofOap(backend, zone) {
  const now = Date.now() + Math.trunc(zone / 100) * HOUR_MS + (zone % 100) * 60_000;
  const duration = { start: minute(now - HOUR_MS), end: minute(now + 60_000), step: 'MINUTE' };
  const { found } = await ask(
    `${backend}/graphql`,
    'query ($d: Duration!) { found: getGlobalTopology(duration: $d) { nodes { id name type } calls { source target } } }',
    { d: duration },
  );
  const nameOf = new Map(found.nodes.map(({ id, name }) => [id, name]));
  return sorted(
    found.nodes.map(({ name, type }) => ({ name, type })),
    found.calls.map(({ source, target }) => ({ from: nameOf.get(source), to: nameOf.get(target) })),
  );
}

function ofSegments(segments) {
  const nodes = [];
  const calls = [];
  for (const { service, spans } of segments) {
    nodes.push({ name: service, type: 'NODEJS' });
    for (const span of spans) {
      const { type, layer, component, peer, refs } = span;
      const isVirtual = type === 'Exit' && Object.hasOwn(VIRTUAL, layer);
      if (isVirtual) nodes.push({ name: peer, type: component });
      if (isVirtual) calls.push({ from: service, to: peer });
      for (const ref of type === 'Entry' ? refs : [])
        calls.push({ from: layer === 'MQ' ? peer : ref.parentService, to: service });
      if (type === 'Entry' && refs.length === 0) calls.push({ from: 'User', to: service });
    }
  }
  return sorted([...nodes, { name: 'User', type: 'USER' }], calls);
}

function sorted(nodes, calls) {
  const once = (items, keyOf) =>
    [...new Map(items.map((item) => [keyOf(item), item])).entries()].sort().map(([, item]) => item);
  return { nodes: once(nodes, ({ name }) => name), calls: once(calls, ({ from, to }) => `${from} ${to}`) };
}

function mermaidOf({ nodes, calls }) {
  const numberOf = new Map(nodes.map(({ name }, number) => [name, number]));
  const lines = nodes.map(({ name, type }, number) => `  n${number}["${name}<br>${type}"]`);
  return [
    'graph LR',
    ...lines,
    ...calls.map(({ from, to }) => `  n${numberOf.get(from)} --> n${numberOf.get(to)}`),
  ].join('\n');
}

module.exports = { mermaidOf, topologyOf };

if (require.main === module)
  topologyOf(process.argv[2] ?? 'http://127.0.0.1:12800').then((topology) => console.log(mermaidOf(topology)));
