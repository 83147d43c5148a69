import { expectKnown, expectTraced } from '../scenario/expectations';
import { V3 } from '../scenario/protocol-expectations';
import { scenarioBackendOf } from '../scenario/oap-backend';
import { SERVICE, Stage } from '../scenario/scenario-fixture';
import { startOap, type Oap } from './oap';

const TOKEN = 'only those who know this';

describe.each(['8.3.0', '9.2.0', '10.1.0'] as const)('a genuine OAP %s with a token, behind TLS', (version) => {
  let oap: Oap;
  let stage: Stage | undefined;

  beforeAll(async () => {
    oap = await startOap({ version, token: TOKEN, tls: true });
  });

  afterEach(() => stage?.leave());

  afterAll(() => oap.stop());

  async function open(env: Readonly<Record<string, string>>): Promise<Stage> {
    stage = await Stage.open(scenarioBackendOf(oap), V3, env);
    return stage;
  }

  /** Nothing of it is the application's trouble, and the backend hears of nothing. */
  async function expectTurnedAway({ app }: Stage): Promise<void> {
    expect(await app.visit('/orders')).toBe(200);
    expect(await app.visit('/checkout')).toBe(200);
    expect(app.end).toBeUndefined();
    expect(await oap.services()).toEqual([]);
  }

  it('turns an agent away whose token is another, which says so, and its application never notices', async () => {
    const shop = await open({ SW_AGENT_AUTHENTICATION: 'a guess', SW_AGENT_SSL_TRUSTED_CA_PATH: oap.ca! });
    const { heartbeat, protocol, registration, segments } = await shop.status((status) => status.heartbeat.lastError);
    expect(heartbeat).toMatchObject({ lastOkAt: null, lastError: expect.stringContaining('PERMISSION_DENIED') });
    // It has not even told what it speaks.
    expect({ protocol, phase: registration.phase }).toEqual({ protocol: null, phase: 'unregistered' });
    expect(segments).toMatchObject({ sent: 0, dropped: 0 });
    await expectTurnedAway(shop);
    expect(shop.app.stderr).toContain('PERMISSION_DENIED');
    expect(shop.app.stderr).not.toContain('a guess');
  });

  it('is not trusted without its authority, and the agent says so', async () => {
    const shop = await open({ SW_AGENT_AUTHENTICATION: TOKEN, SW_AGENT_FORCE_TLS: 'true' });
    const { heartbeat } = await shop.status((status) => status.heartbeat.lastError);
    expect(heartbeat.lastError).toMatch(/self.signed certificate/);
    await expectTurnedAway(shop);
    expect(shop.app.stderr).not.toContain(TOKEN);
  });

  it('takes in one with the right token, and shows all of it', async () => {
    const shop = await open({ SW_AGENT_AUTHENTICATION: TOKEN, SW_AGENT_SSL_TRUSTED_CA_PATH: oap.ca! });
    const status = await shop.registered();
    expect(status).toMatchObject({ service: SERVICE, protocol: 'v3', heartbeat: { failures: 0, lastError: null } });
    await expectKnown(shop, status);
    await expectTraced(shop, status);
  });
});
