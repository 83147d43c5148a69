'use strict';

/** Milliseconds since some moment that is the same for every process of this machine. */
const moment = () => Number(process.hrtime.bigint()) / 1e6;

module.exports = { moment };
