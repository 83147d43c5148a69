'use strict';

const { BACKEND, MODE, PORT, SERVICE, WITH_AGENT } = process.env;

/** The agent is told here, and only here, what it is called and where its backend is. */
module.exports = {
  apps: [
    {
      name: 'orders',
      script: 'app.js',
      exec_mode: MODE,
      instances: MODE === 'cluster' ? 2 : 1,
      node_args: WITH_AGENT === 'yes' ? '--require skyanchor/register' : '',
      env: {
        PORT,
        SW_AGENT_NAME: SERVICE,
        SW_AGENT_INSTANCE_NAME: 'orders',
        SW_AGENT_COLLECTOR_BACKEND_SERVICES: BACKEND,
        SW_AGENT_HEARTBEAT_MS: '1000',
      },
    },
  ],
};
