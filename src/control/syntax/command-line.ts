import type { Command } from './command';
import type { Stamp } from './stamp';

interface Asked {
  /** Of its first line, from 1. */
  readonly line: number;
  readonly digest: string;
  /** False: somebody may still be writing it. */
  readonly isComplete: boolean;
}

export interface CommandItem extends Asked {
  readonly type: 'command';
  readonly command: Command;
}

/** Text that is no command. */
export interface FaultItem extends Asked {
  readonly type: 'fault';
  readonly reason: string;
}

export interface StampItem {
  readonly type: 'stamp';
  readonly line: number;
  readonly stamp: Stamp;
}

export type CommandLine = CommandItem | FaultItem;
export type Item = CommandLine | StampItem;
