'use strict';

module.exports = { ...require('../fastify-5/case'), title: 'Fastify 4', shares: ['fastify-5'] };
