/** A reporter of node:test: a line for each test that has ended, with what it is called and how it ended. */
const RESULTS = { pass: 'passed', fail: 'failed', skip: 'skipped' };

export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const result = data.skip === undefined && data.todo === undefined ? type.slice('test:'.length) : 'skip';
    const { name, file, nesting } = data;
    yield `${JSON.stringify({ test: name, file: file ?? '', nesting, result: RESULTS[result] })}\n`;
  }
}
