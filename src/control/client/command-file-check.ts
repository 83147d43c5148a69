import { CommandFile, type CommandFileOptions } from '../file/command-file';

/**
 * Whether an agent of this user would obey a command file, in words.
 *
 * @returns `rule`: the rule of trust that it breaks, or why it cannot be read; undefined: none
 */
export async function checkCommandFile(
  options: Pick<CommandFileOptions, 'path' | 'trustDirectory'> & { readonly owners: readonly number[] },
): Promise<{ readonly text: string; readonly rule: string | undefined }> {
  const { path, trustDirectory, owners } = options;
  const trust = { uid: process.geteuid?.(), owners };
  const reading = await new CommandFile({ path, trust, trustDirectory }).read(undefined);
  if (reading.status === 'missing') return { text: 'is not there yet, and need not be', rule: undefined };
  if (reading.status === 'refused') return { text: reading.rule, rule: reading.rule };
  if (reading.status === 'unavailable')
    return { text: `cannot be read: ${reading.reason}`, rule: `cannot be read: ${reading.reason}` };
  const isReadOnly = reading.status === 'read' && reading.isReadOnly;
  return {
    text: isReadOnly ? 'is obeyed, and answered in the status file only' : 'is obeyed and answered',
    rule: undefined,
  };
}
