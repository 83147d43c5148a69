'use strict';

/*
 * Loaded into an application before its agent: by its wall clock an hour passes within SQUEEZED_MS from SQUEEZED_SINCE on,
 * and then it is right again.
 */

const HOUR_MS = 3_600_000;
const since = Number(process.env.SQUEEZED_SINCE);
const squeezedMs = Number(process.env.SQUEEZED_MS);
const { now } = Date;

Date.now = () => {
  const real = now();
  const passed = Math.min(1, (real - since) / squeezedMs);
  return Math.round(real - HOUR_MS * (1 - passed));
};
