'use strict';

/* What was measured, as plain data: medians and quartiles over rounds, and over pairs of rounds of one turn. */

const { installedBytes } = require('./size');

const sorted = (values) => values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);

/** Quartiles and the least; `undefined` of nothing. */
function spread(values) {
  const all = sorted(values);
  if (all.length === 0) return undefined;
  const quantile = (share) => {
    const place = share * (all.length - 1);
    const below = all[Math.floor(place)];
    return below + (place % 1) * (all[Math.ceil(place)] - below);
  };
  return { least: all[0], q1: quantile(0.25), median: quantile(0.5), q3: quantile(0.75), rounds: all.length };
}

const middle = (values) => spread(values)?.median;
const least = (values) => spread(values)?.least;
const total = (list, read) => list.reduce((sum, one) => sum + read(one), 0);

const usOf = (round) => round.cpuUs / round.requests;
const rateOf = (round) => (1_000 * round.requests) / round.elapsedMs;
const stallOf = (round) => round.stallMs;

/** @param compare of a round and of the other agent's in the same turn */
function pairs(mine, others, compare) {
  return spread(
    mine.rounds.flatMap((round, at) => (round && others.rounds[at] ? [compare(round, others.rounds[at])] : [])),
  );
}

/** Traced requests, as a share of all, or entry spans a request where there are more: an agent that takes one for many. */
function shareOf(rounds) {
  const received = rounds.filter((one) => one?.received);
  if (received.length === 0) return undefined;
  return total(received, (one) => one.received.entries) / total(received, (one) => one.requests);
}

function sentBytes(rounds) {
  const received = rounds.filter((one) => one?.received);
  const traced = total(received, (one) => Math.min(one.requests, one.received.entries));
  return traced > 0 ? total(received, (one) => one.received.bytes) / traced : undefined;
}

/** @param found of all agents in one scenario, without an agent first, see `measure` */
function summaryOf({ name, title }, found) {
  const [bare] = found;
  const v2 = found.find(({ agent }) => agent.name === 'skyanchor');
  const rows = found.map((own) => {
    const rounds = own.rounds.filter(Boolean);
    const isBare = own === bare;
    const us = spread(rounds.map(usOf));
    const isBesideV2 = own.agent.name === 'skyanchor-v3' && v2 !== undefined;
    return {
      name: own.agent.name,
      title: own.agent.title,
      isBare,
      us,
      perSecond: middle(rounds.map(rateOf)),
      stallMs: middle(rounds.map(stallOf)),
      p99: middle(own.steady.map(({ p99 }) => p99)),
      allocated: own.allocated,
      sent: sentBytes(rounds),
      traced: shareOf(rounds),
      ...(!isBare && {
        addedUs: pairs(own, bare, (mine, without) => usOf(mine) - usOf(without)),
        // The least of each: the rounds that met the fewest neighbours, and the fewest collections of garbage.
        addedLeastUs: us && us.least - least(bare.rounds.filter(Boolean).map(usOf)),
        throughput: pairs(own, bare, (mine, without) => rateOf(mine) / rateOf(without)),
        addedStallMs: pairs(own, bare, (mine, without) => stallOf(mine) - stallOf(without)),
      }),
      ...(isBesideV2 && { besideV2Us: pairs(own, v2, (mine, other) => usOf(mine) - usOf(other)) }),
    };
  });
  return { name, title, rows };
}

/** What an agent costs whatever the application. @param results `found` of all scenarios */
function costsOf(agents, results) {
  const all = (agent) => results.flat().filter((own) => own.agent === agent);
  const of = (agent, read) => all(agent).flatMap(read);
  const [bare] = agents;
  return agents
    .filter((agent) => agent === bare || agent.protocol)
    .map((agent) => {
      const bursts = of(agent, (own) => own.segmentBursts);
      const ends = of(agent, (own) => own.rounds.filter(Boolean).slice(-1));
      return {
        title: agent.title,
        isBare: agent === bare,
        startMs: spread(of(agent, (own) => own.start.map(({ elapsedMs }) => elapsedMs))),
        startMb: middle(of(agent, (own) => own.start.map(({ rssMb }) => rssMb))),
        laterMb: middle(ends.map(({ rssMb }) => rssMb)),
        installedBytes: agent === bare ? undefined : installedBytes(agent),
        deliverMs: middle(bursts.map(({ deliverMs }) => deliverMs)),
        recordMs: middle(bursts.map(({ recordMs }) => recordMs)),
        worstGapMs: middle(bursts.map(({ worstGapMs }) => worstGapMs)),
        missing: least(bursts.filter(({ deliverMs }) => deliverMs === undefined).map(({ units }) => units)),
      };
    });
}

module.exports = { costsOf, shareOf, summaryOf };
