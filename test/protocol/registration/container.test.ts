import fs from 'node:fs';
import { placeIn } from '../../../src/protocol/registration/container';
import { v2Properties, v3Properties } from '../../../src/protocol/registration/properties';
import { costsOf } from '../../support/cost';

/** The id of the container that a process with these files runs in. */
const containerId = (...texts: readonly (string | undefined)[]) => placeIn(texts).container;
const podUid = (...texts: readonly (string | undefined)[]) => placeIn(texts).pod;

describe('the id of the container', () => {
  const ID = '0123456789abcdef'.repeat(4);

  it.each([
    ['Docker, control groups 1', `12:cpu:/docker/${ID}\n`],
    ['Kubernetes, control groups 1', `3:cpu:/kubepods/burstable/pod1b2c-3d/${ID}\n`],
    ['containerd under systemd', `0::/kubepods.slice/kubepods-pod1b2c.slice/cri-containerd-${ID}.scope\n`],
    [
      'Docker, control groups 2',
      `9 8 254:1 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw - ext4 /dev/vda1\n`,
    ],
    [
      'nerdctl, control groups 2',
      `9 8 254:1 /var/lib/nerdctl/1935db59/containers/k8s.io/${ID}/hostname /etc/hostname rw - ext4 /dev/vda1 rw`,
    ],
    ['Podman', `0::/machine.slice/libpod-${ID}.scope\n`],
    ['Docker under systemd, control groups 1', `11:memory:/system.slice/docker-${ID}.scope\n1:name=systemd:/x\n`],
    [
      'Kubernetes under systemd',
      `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b2c_3d.slice/cri-containerd-${ID}.scope\n`,
    ],
    [
      'Kubernetes in Docker',
      `0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod1b.slice/cri-containerd-${ID}.scope\n`,
    ],
    ['Kubernetes in Docker, control groups 1', `4:cpu:/docker/${ID}/kubelet/kubepods/pod1b2c/${'ab'.repeat(32)}\n`],
    ['a container in a pod, the innermost', `4:cpu:/kubepods/pod1b2c/${'ab'.repeat(32)}/docker/${ID}\n`],
    ['CRI-O', `0::/kubepods.slice/kubepods-pod1b2c.slice/crio-${ID}.scope\n`],
    ['the monitor of a container', `0::/system.slice/crio-conmon-${ID}.scope\n`],
    [
      'Podman without root, control groups 2',
      [
        '704 650 0:59 / / rw,relatime - overlay overlay rw,lowerdir=/home/u/.local/share/containers/storage/overlay/l/A',
        `7 5 0:55 /containers/overlay-containers/${ID}/userdata/.containerenv /run/.containerenv rw - tmpfs tmpfs rw`,
      ].join('\n'),
    ],
    [
      'Docker with a disk of its own',
      `1 2 0:9 / /proc rw - proc proc rw\n9 8 254:1 /containers/${ID}/hosts /etc/hosts rw - ext4 /dev/vdb rw\n`,
    ],
    [
      'Docker, control groups 2, where a layer and a volume come first',
      [
        `7 6 0:5 / / rw - overlay overlay rw,upperdir=/var/lib/docker/overlay2/${'ab'.repeat(32)}/diff`,
        `9 8 254:1 /var/lib/docker/volumes/${'cd'.repeat(32)}/_data /data rw - ext4 /dev/vda1 rw`,
        `9 8 254:1 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw - ext4 /dev/vda1 rw`,
      ].join('\n'),
    ],
  ])('is found: %s', (_name, text) => {
    expect(containerId(undefined, '0::/\n', text)).toBe(ID);
  });

  it('is not made up where there is none', () => {
    expect(containerId(`0::/user.slice/session-1.scope\n9 8 0:1 /${ID} / rw - ext4 /dev/vda1\n`)).toBeUndefined();
    for (const text of [
      `/docker/${ID}f`,
      `/docker:${ID}`,
      `/docker/a/b/${ID}`,
      `/kubepods\n/${ID}`,
      `/${ID}/kubepods`,
    ]) {
      expect(containerId(text)).toBeUndefined();
    }
  });

  it.each([
    ['of the words that are looked for', 'kubepods---------'],
    ['of folders', 'docker-'],
    ['of ids', `-${ID}`],
    ['of folders and what is nearly an id', `docker-${ID}f`],
  ])('costs what the mounts are long, though another user made them %s', (_what, part) => {
    const mounts = [400, 3_200].map(
      (length) => `9 8 0:1 / /mnt/${part.repeat(length / part.length)} rw - fuse fuse rw\n`,
    );
    const [short, long] = costsOf(
      mounts.map((text) => () => void containerId(text)),
      { rounds: 5, calls: 50 },
    );
    // Eight times as long.
    expect(long! / short!).toBeLessThan(24);
  });

  it('is looked for once', () => {
    const asked: unknown[] = [];
    const note = (method: 'openSync' | 'readFileSync'): void => {
      const real = fs[method] as (...args: unknown[]) => never;
      jest.spyOn(fs, method).mockImplementation((...args: unknown[]) => {
        asked.push(args[0]);
        return real(...args);
      });
    };
    note('openSync');
    note('readFileSync');
    const about = { agentVersion: '1.2.3', namespace: undefined, cluster: undefined, libraries: [], more: [] };
    for (let n = 0; n < 3; n++) v3Properties(about);
    v2Properties('orders-1', about);
    jest.restoreAllMocks();
    expect(asked.filter((file) => file === '/proc/self/mountinfo').length).toBeLessThan(2);
  });
});

describe('the uid of the pod', () => {
  const UID = '1b2c3d4e-0011-2233-4455-66778899aabb';

  it.each([
    ['control groups 1', `3:cpu:/kubepods/burstable/pod${UID}/${'ab'.repeat(32)}\n`],
    ['under systemd', `0::/kubepods.slice/kubepods-pod${UID.replaceAll('-', '_')}.slice/cri-containerd-x.scope\n`],
    ['the mounts', `9 8 254:1 /var/lib/kubelet/pods/${UID}/etc-hosts /etc/hosts rw - ext4 /dev/vda1\n`],
  ])('is found: %s', (_name, text) => {
    expect(podUid(undefined, '0::/\n', text)).toBe(UID);
  });

  it('is not made up where there is none', () => {
    const text = `0::/docker/${'ab'.repeat(32)}\n9 8 0:1 /srv/tripods/${UID} / rw - ext4 /dev/vda1\n`;
    expect(podUid(text)).toBeUndefined();
  });
});
