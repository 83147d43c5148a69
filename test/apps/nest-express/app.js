'use strict';

const { App } = require('./orders');
const { NestFactory } = require('@nestjs/core');

async function main() {
  const app = await NestFactory.create(App, { logger: false });
  app.enableShutdownHooks();
  await app.listen(Number(process.env.PORT), '127.0.0.1');
  console.log('listening');
}

main();
