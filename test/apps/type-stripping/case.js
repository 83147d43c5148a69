'use strict';

module.exports = {
  title: "Node's own type stripping, an ES module with Express 5",
  package: 'express',
  ci: true,
  minNode: '22.18',
  load: 'import',
  program: ['--disable-warning=ExperimentalWarning', 'app.mts'],
  requests: [{ path: '/orders/1' }, { path: '/orders/2' }],
  end: 'SIGTERM',
  traces: { endpoints: ['GET:/orders/:order'] },
};
