import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { containerId, podUid, v2Properties, v3Properties } from '../../../src/protocol/registration/properties';

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

describe('the id of the container', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-container-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const ID = '0123456789abcdef'.repeat(4);

  it.each([
    ['Docker, control groups 1', `12:cpu:/docker/${ID}\n`],
    ['Kubernetes, control groups 1', `3:cpu:/kubepods/burstable/pod1b2c-3d/${ID}\n`],
    ['containerd under systemd', `0::/kubepods.slice/kubepods-pod1b2c.slice/cri-containerd-${ID}.scope\n`],
    [
      'Docker, control groups 2',
      `9 8 254:1 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw - ext4 /dev/vda1\n`,
    ],
    ['Podman', `0::/machine.slice/libpod-${ID}.scope\n`],
  ])('is found: %s', (_name, text) => {
    const file = path.join(folder, 'found');
    writeFileSync(file, text);
    expect(containerId([path.join(folder, 'gone'), file])).toBe(ID);
  });

  it('is not made up where there is none', () => {
    const file = path.join(folder, 'none');
    writeFileSync(file, `0::/user.slice/session-1.scope\n9 8 0:1 /${ID} / rw - ext4 /dev/vda1\n`);
    expect(containerId([file])).toBeUndefined();
  });
});

describe('the uid of the pod', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'skyanchor-pod-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const UID = '1b2c3d4e-0011-2233-4455-66778899aabb';

  it.each([
    ['control groups 1', `3:cpu:/kubepods/burstable/pod${UID}/${'ab'.repeat(32)}\n`],
    ['under systemd', `0::/kubepods.slice/kubepods-pod${UID.replaceAll('-', '_')}.slice/cri-containerd-x.scope\n`],
    ['the mounts', `9 8 254:1 /var/lib/kubelet/pods/${UID}/etc-hosts /etc/hosts rw - ext4 /dev/vda1\n`],
  ])('is found: %s', (_name, text) => {
    const file = path.join(folder, 'found');
    writeFileSync(file, text);
    expect(podUid([path.join(folder, 'gone'), file])).toBe(UID);
  });

  it('is not made up where there is none', () => {
    const file = path.join(folder, 'none');
    writeFileSync(file, `0::/docker/${'ab'.repeat(32)}\n9 8 0:1 /srv/tripods/${UID} / rw - ext4 /dev/vda1\n`);
    expect(podUid([file])).toBeUndefined();
  });
});
