import { execFileSync } from 'node:child_process';

/**
 * `it` where this command succeeds; where it does not, a skipped one, and the reason printed with what it takes.
 *
 * @param untested what is not tested then, and what to do about it
 */
export function itWhere(command: readonly string[], untested: string): jest.It {
  const [program = '', ...args] = command;
  try {
    execFileSync(program, args, { stdio: 'ignore', timeout: 10_000 });
    return it;
  } catch {
    console.log(untested);
    return it.skip;
  }
}

export function itWith(program: string, untested: string): jest.It {
  return itWhere(['sh', '-c', `command -v ${program}`], untested);
}

export const itWithMounts = (): jest.It =>
  itWhere(
    ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /mnt'],
    'bind mounts, read-only mounts, tmpfs and full disks are not tested: this machine lets us mount nothing. ' +
      'They are where the tests run as root, in a container with --cap-add SYS_ADMIN.',
  );

/** A program that runs in file systems of its own, mounted by this script. */
export function inMounts(script: string): string[] {
  return ['unshare', '-m', '--propagation', 'private', 'sh', '-ec', `${script}\nexec "$@"`, '--'];
}
