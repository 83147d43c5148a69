'use strict';

/*
 * The time zone in which it is noon now. Servers run in it, since one that runs over midnight loses segments: 10.1.0 has
 * one table a day, and only its keeper makes that of tomorrow.
 */

const MINUTE_MS = 60_000;
const NOON = 12 * 60;

const now = new Date();
const shift = NOON - (now.getUTCHours() * 60 + now.getUTCMinutes());

const two = (number) => String(number).padStart(2, '0');
const size = Math.abs(shift);

/** As Java takes it. */
const TIMEZONE = `GMT${shift < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;

/** A moment as OAP wants it in questions: in the time of its own zone, "yyyy-MM-dd HHmm". */
function minuteOf(ms) {
  return new Date(ms + shift * MINUTE_MS).toISOString().slice(0, 16).replace('T', ' ').replace(':', '');
}

module.exports = { MINUTE_MS, TIMEZONE, minuteOf };
