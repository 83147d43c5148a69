'use strict';

const path = require('node:path');

const { isInstalled } = require('./install');
const { OapUnavailable } = require('./java');

function h2Url(storage, dataDir) {
  // OAP 10 writes its SQL in lower case and needs H2 not to fold names; OAP 6 does not mind.
  const options = 'DB_CLOSE_DELAY=-1;DATABASE_TO_UPPER=FALSE';
  return storage === 'file'
    ? `jdbc:h2:file:${path.join(dataDir, 'h2', 'oap')};${options}`
    : `jdbc:h2:mem:oap;${options}`;
}

/** What the configuration files of a server are filled from. */
function environment(
  { ports, storage, token, meters, configuration, certificate, clientAuthority, logLevel },
  dataDir,
) {
  return {
    ...process.env,
    OAP_GRPC_PORT: String(ports.grpc),
    OAP_HTTP_PORT: String(ports.http),
    OAP_H2_URL: h2Url(storage, dataDir),
    OAP_BUFFER_PATH: path.join(dataDir, 'buffer'),
    OAP_LOG_LEVEL: logLevel,
    ...(token ? { OAP_TOKEN: token } : {}),
    // 8.3.0 wants the whole name of the file, 10.1.0 none of its suffix.
    ...(meters ? { OAP_METERS: 'nodejs', OAP_METERS_FILE: 'nodejs.yaml' } : {}),
    ...(configuration ? { OAP_CONFIGURATION: 'grpc', OAP_CONFIGURATION_PORT: String(configuration.port) } : {}),
    ...(certificate
      ? { OAP_TLS: 'true', OAP_TLS_KEY: certificate.key, OAP_TLS_CERT: certificate.cert, OAP_TLS_CA: certificate.cert }
      : {}),
    // Agents have a port of their own then.
    ...(clientAuthority ? { OAP_AGENT_PORT: String(ports.agents), OAP_TLS_CLIENT_CA: clientAuthority.cert } : {}),
  };
}

function checkInstalled({ version }) {
  if (isInstalled(version)) return;
  const command = `node ${path.join(__dirname, '..', 'oap.js')} install ${version}`;
  throw new OapUnavailable(`OAP ${version} is not installed; run: ${command}`);
}

function checkSettings(described, { storage, token, tls, mutualTls, meters, configurable }) {
  if (!['mem', 'file'].includes(storage)) throw new Error(`storage is mem or file, not ${storage}`);
  if (token && !described.offers.includes('token')) {
    throw new Error(`OAP ${described.version} has no token authentication`);
  }
  if (meters && !described.offers.includes('meters')) throw new Error(`OAP ${described.version} shows no meters`);
  if (configurable && !described.offers.includes('configuration')) {
    throw new Error(`OAP ${described.version} configures no agents`);
  }
  if (mutualTls && !described.offers.includes('mutualTls')) {
    throw new Error(`no mutual TLS with OAP ${described.version} here`);
  }
  if (tls && !described.offers.includes('tls')) throw new Error(`OAP ${described.version} has no TLS`);
  checkInstalled(described);
}

module.exports = { checkInstalled, checkSettings, environment };
