import { v2Properties, v3Properties } from '../../../src/protocol/registration/properties';

const about = { agentVersion: '1.2.3', namespace: undefined, cluster: undefined, libraries: [], more: [] };

describe('the properties of an instance', () => {
  it.each([
    ['v2', v2Properties('orders-1', about)],
    ['v3', v3Properties(about)],
  ])('name the agent, its version, that of Node.js and the protocol: %s', (protocol, properties) => {
    expect(Object.fromEntries(properties)).toMatchObject({
      language: 'nodejs',
      agent: 'skyanchor',
      version: '1.2.3',
      'Node.js': process.version,
      protocol,
    });
    expect(properties.map(([key]) => key)).not.toContain('namespace');
  });

  it('name namespace and cluster, and what the user adds', () => {
    const more = [['region', 'eu-1']] as const;
    const properties = v3Properties({ ...about, namespace: 'prod', cluster: 'eu', more });
    expect(Object.fromEntries(properties)).toMatchObject({ namespace: 'prod', cluster: 'eu', region: 'eu-1' });
  });

  it('keep what a backend goes by, whatever the user adds', () => {
    const more = [['language', 'java']] as const;
    expect(v2Properties('orders-1', { ...about, more }).filter(([key]) => key === 'language')).toEqual([
      ['language', 'nodejs'],
    ]);
  });
});

describe('the pod', () => {
  const podIn = (more: readonly (readonly [string, string])[], uid: string | undefined) =>
    v3Properties({ ...about, more }, uid).filter(([key]) => key === 'pod');

  it('is the name that is known, else its uid', () => {
    expect(podIn([], undefined)).toEqual([]);
    expect(podIn([], 'uid-1')).toEqual([['pod', 'uid-1']]);
    expect(podIn([['pod', 'orders-0']], 'uid-1')).toEqual([['pod', 'orders-0']]);
  });

  it('is the one that the user has named, once', () => {
    const more = [
      ['pod', 'orders-0'],
      ['pod', 'mine'],
    ] as const;
    expect(podIn(more, 'uid-1')).toEqual([['pod', 'mine']]);
  });
});
