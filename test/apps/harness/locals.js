'use strict';

const nameOf = ({ operationName }) => operationName.replace(/^[A-Z]+:/, '');
const shown = ({ operationName, isError }) => (isError ? `${operationName} failed` : operationName);

/**
 * @param expected by the name of an endpoint: the local spans that each of its segments has, in the order of their names
 * @returns what a case gives as `check`
 */
function localsOfEntries(expected) {
  return ({ segments }) =>
    Object.entries(expected).flatMap(([name, locals]) => {
      const wanted = [...locals].sort().join();
      const found = segments
        .filter(({ spans }) => spans.some((span) => span.type === 'Entry' && nameOf(span) === name))
        .map(({ spans }) =>
          spans
            .filter(({ type }) => type === 'Local')
            .map(shown)
            .sort()
            .join(),
        );
      if (found.length === 0) return [`${name}: no segment`];
      return found
        .filter((one) => one !== wanted)
        .map((one) => `${name}: expected ${wanted || 'no local span'}, found ${one || 'none'}`);
    });
}

module.exports = { localsOfEntries };
