'use strict';

const pg = require('pg');
const { forms } = require('./forms');
const { serve } = require('./serve');

const { close, ...all } = forms(pg, require('pg-cursor'), require('pg-query-stream'), require('pg-copy-streams'));
serve(all, close);
