/** A span and its segment know each other, so they live in one file. */
export { Span, type Naming, type SpanLog } from './segment';
