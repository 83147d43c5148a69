'use strict';

require('reflect-metadata');
const common = require('@nestjs/common');

/** What TypeScript makes of a class with decorators. */
function decorate(target, decorators, methods) {
  for (const [name, [method, ...parameters]] of Object.entries(methods)) {
    const descriptor = Object.getOwnPropertyDescriptor(target.prototype, name);
    parameters.forEach((parameter, index) => parameter(target.prototype, name, index));
    Object.defineProperty(target.prototype, name, method(target.prototype, name, descriptor) ?? descriptor);
  }
  return decorators.reduce((decorated, decorator) => decorator(decorated) ?? decorated, target);
}

class Guard {
  canActivate(context) {
    if (!context.switchToHttp().getRequest().url.startsWith('/guarded/')) return true;
    throw new common.UnauthorizedException('who?');
  }
}

class Orders {
  read(order) {
    return { order };
  }
  write(body) {
    return body;
  }
  guarded() {
    return 'you';
  }
  broken() {
    throw new Error('broken');
  }
  onApplicationShutdown(signal) {
    console.log(`shutting down on ${signal}`);
  }
}

decorate(Orders, [common.Controller(), common.UseGuards(Guard)], {
  read: [common.Get('/orders/:order'), common.Param('order')],
  write: [common.Post('/orders'), common.Body()],
  guarded: [common.Get('/guarded/:order')],
  broken: [common.Get('/broken/:order')],
});

class App {}

module.exports = { App: decorate(App, [common.Module({ controllers: [Orders] })], {}) };
