'use strict';

const net = require('node:net');

// Wine 8 knows no TCP_KEEPIDLE: a socket that is to be kept alive before it is connected fails with "connect UNKNOWN", so no
// `fetch` would connect.
net.Socket.prototype.setKeepAlive = function () {
  return this;
};
