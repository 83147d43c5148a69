'use strict';

/** Does the work, and calls `end` when it has ended: now, or once its promise has settled. */
function around(work, end) {
  let result;
  try {
    result = work();
  } catch (error) {
    end();
    throw error;
  }
  if (typeof result?.finally === 'function') return result.finally(end);
  end();
  return result;
}

module.exports = { around };
