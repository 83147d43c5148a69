import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expectTraced } from '../scenario/expectations';
import { scenarioBackendOf } from '../scenario/oap-backend';
import { V3 } from '../scenario/protocol-expectations';
import { Stage } from '../scenario/scenario-fixture';
import { until } from '../support/until';
import { startOap, type Oap } from './oap';

const REFUSED = /the backend (refuses|may refuse) the certificate of the agent, or that it has none: .*alert/;

describe('a genuine OAP 10.1.0 that asks agents for a certificate', () => {
  let oap: Oap;
  let folder: string;
  let stage: Stage | undefined;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-mutual-tls-'));
    oap = await startOap({ version: '10.1.0', mutualTls: true });
  });

  afterEach(() => stage?.leave());

  afterAll(async () => {
    await oap.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const certificate = (): string => path.join(folder, 'agent.crt');
  const key = (): string => path.join(folder, 'agent.key');

  /** Puts them where the agent finds them. */
  function install(made: { readonly cert: string; readonly key: string }): void {
    copyFileSync(made.cert, certificate());
    copyFileSync(made.key, key());
  }

  async function open(env: Readonly<Record<string, string>> = {}): Promise<Stage> {
    stage = await Stage.open(scenarioBackendOf(oap), V3, { SW_AGENT_SSL_TRUSTED_CA_PATH: oap.ca!, ...env });
    return stage;
  }

  async function expectRefused(shop: Stage): Promise<void> {
    await shop.status(({ heartbeat }) => REFUSED.test(String(heartbeat.lastError)));
    expect(await shop.app.visit('/orders')).toBe(200);
  }

  it('refuses an agent without one, which says so, and its application never notices', async () => {
    const shop = await open();
    await expectRefused(shop);
    await until(() => REFUSED.test(shop.app.stderr));
    expect(shop.app.end).toBeUndefined();
    expect(await oap.services()).toEqual([]);
  });

  it('goes by the certificate that is on the disk at the next connection', async () => {
    // The server does not know its authority.
    const stranger = { cert: oap.ca!, key: oap.ca!.replace(/crt$/, 'key') };
    install(stranger);
    const shop = await open({ SW_AGENT_SSL_CERT_CHAIN_PATH: certificate(), SW_AGENT_SSL_KEY_PATH: key() });
    await expectRefused(shop);
    install(oap.clientCertificate('first'));
    await shop.registered();
    // What has no answer when the storage goes is sent again, to the one of after.
    await shop.counted(({ segments: { accepted, sent } }) => accepted > 0 && sent === accepted);
    install(stranger);
    await oap.restart();
    await shop.status(({ heartbeat }) => REFUSED.test(String(heartbeat.lastError)));
    install(oap.clientCertificate('second'));
    await expectTraced(shop, await shop.registered());
  });
});
