'use strict';

const express = require('express');
// Too old to be traced, which only the doctor says.
require('pg');

const app = express();
app.get('/orders/:order', (req, res) => res.json({ order: req.params.order }));

const server = app.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
process.once('SIGTERM', () => server.close(() => console.log('closed')));
