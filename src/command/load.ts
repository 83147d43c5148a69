import { createRequire } from 'node:module';

/**
 * For dependencies that cost time, memory, or a patch of the host's own modules: loaded when first needed. Not
 * `import()`, which in CommonJS does not load under jest, and people's own suites load us.
 */
export const load = createRequire(__filename);
