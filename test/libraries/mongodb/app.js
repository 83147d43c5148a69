'use strict';

const { MongoClient } = require('mongodb');
const { address, forms } = require('./forms');
const { serve } = require('./serve');

const client = new MongoClient(address, { maxPoolSize: 1 });
serve(forms(client), (done) => client.close().then(done));
