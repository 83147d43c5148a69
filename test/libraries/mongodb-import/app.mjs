import { MongoClient } from 'mongodb';
import mongodb from './forms.js';
import shared from './serve.js';

const client = new MongoClient(mongodb.address, { maxPoolSize: 1 });
shared.serve(mongodb.forms(client), (done) => client.close().then(done));
