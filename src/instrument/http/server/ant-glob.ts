/** Longer paths match nothing: what is asked for every request is bounded. */
const LONGEST_TEXT = 2_048;

// `?`, `*`, `**`, and what `**` between slashes adds to the first of them: any number of folders, none included.
type Wildcard = 'one' | 'name' | 'all' | 'folders';
type Step = Wildcard | { readonly character: string };

const WILDCARDS: Readonly<Record<string, Wildcard | undefined>> = { '?': 'one', '*': 'name', '**': 'all' };

/**
 * A matcher of whole texts as Ant has it: `*` and `?` stop at a slash, `**` does not, and between two slashes it may be nothing,
 * and one of them goes.
 * It follows all ways through the pattern at once, so that each character of the text costs one step for each of the
 * pattern's, whatever the two are.
 */
export function antGlob(pattern: string): (text: string) => boolean {
  if (!/[*?]/.test(pattern)) return (text) => text === pattern;
  const steps = stepsOf(pattern);
  const end = steps.length;
  // Matching is synchronous, so one set serves all texts. In `inside`: within the name of a folder.
  let [here, next] = [new Uint8Array(end + 1), new Uint8Array(end + 1)];
  let [inside, nextInside] = [new Uint8Array(end), new Uint8Array(end)];

  const add = (to: Uint8Array, at: number): void => {
    to[at] = 1;
    // These may also take nothing.
    for (let on = at; isSkippable(steps[on]); on++) to[on + 1] = 1;
  };
  return (text) => {
    if (text.length > LONGEST_TEXT) return false;
    here.fill(0);
    inside.fill(0);
    add(here, 0);
    for (const character of text) {
      next.fill(0);
      nextInside.fill(0);
      for (let at = 0; at < end; at++) {
        const step = steps[at] as Step;
        if (here[at] === 1 && takes(step, character)) add(next, staysAt(step) ? at : at + 1);
        if (step !== 'folders' || (here[at] === 0 && inside[at] === 0)) continue;
        if (character === '/') add(next, at);
        else nextInside[at] = 1;
      }
      [here, next] = [next, here];
      [inside, nextInside] = [nextInside, inside];
    }
    return here[end] === 1;
  };
}

function stepsOf(pattern: string): readonly Step[] {
  return (pattern.match(/\/\*\*(?=\/)\/|\*\*|[^]/gu) ?? []).flatMap((part): Step[] =>
    part.length === 4 ? [{ character: '/' }, 'folders'] : [WILDCARDS[part] ?? { character: part }],
  );
}

function isSkippable(step: Step | undefined): boolean {
  return step === 'name' || step === 'all' || step === 'folders';
}

function staysAt(step: Step): boolean {
  return step === 'name' || step === 'all';
}

function takes(step: Step, character: string): boolean {
  if (typeof step === 'object') return step.character === character;
  return step === 'all' || (step !== 'folders' && character !== '/');
}
