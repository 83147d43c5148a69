'use strict';

const { serve } = require('./lines');

serve({ pino: require('pino'), winston: require('winston'), bunyan: require('bunyan') });
