export const PROPAGATE_UNSAMPLED = ['id', 'empty', 'none'] as const;

/**
 * What the trace headers of a call say whose trace is not recorded: `id` that it is not, with the id of the trace; `empty`
 * nothing, which some agents take for the same; `none`: there are none.
 */
export type PropagateUnsampled = (typeof PROPAGATE_UNSAMPLED)[number];
