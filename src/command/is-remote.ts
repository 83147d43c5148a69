/** Linux's magic numbers of file systems that others can write to without an event here: NFS, SMB, CIFS, FUSE, 9p … */
const REMOTE = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x65735546, 0x01021997, 0x5346414f, 0x00c36400, 0x786f4256,
]);

/** @param type as `statfs` tells it */
export function isRemote(type: number): boolean {
  return process.platform === 'linux' && REMOTE.has(type >>> 0);
}
