import { AnswerTooLarge, MAX_ARGUMENTS, MAX_COMMANDS } from '../../../transport/answer-limits';
import { eachField, eachMessage, readMessage, readText } from './reader';

/** What a backend wants done; alike in both protocols. */
interface BackendCommand {
  readonly name: string;
  /** In order; a key may repeat. */
  readonly args: readonly (readonly [key: string, value: string])[];
}

/** `Commands`. Throws on what is no protobuf, and `AnswerTooLarge`. */
export function decodeCommands(bytes: Buffer): readonly BackendCommand[] {
  const commands: BackendCommand[] = [];
  eachMessage(bytes, 1, MAX_COMMANDS, (command) => {
    let name = '';
    const args: [string, string][] = [];
    eachField(command, (field, wire) => {
      if (field === 1 && wire === 2) {
        name = readText(command);
      } else if (field === 2 && wire === 2) {
        let key = '';
        let value = '';
        const pair = readMessage(command);
        eachField(pair, (part, kind) => {
          if (part === 1 && kind === 2) key = readText(pair);
          else if (part === 2 && kind === 2) value = readText(pair);
          else pair.skipType(kind);
        });
        if (args.length === MAX_ARGUMENTS) throw new AnswerTooLarge(`more than ${MAX_ARGUMENTS} arguments`);
        args.push([key, value]);
      } else {
        command.skipType(wire);
      }
    });
    commands.push({ name, args });
  });
  return commands;
}
