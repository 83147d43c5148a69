/** A span and its segment know each other, so they live in one file. */
export { Span, type NameSource, type SpanLog } from './segment';
