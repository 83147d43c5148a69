'use strict';

/** What `engines` of package.json begins with, and every line that is still maintained. */
const VERSIONS = ['20.19', '22', '24', '26'];

/** @param argv what stands behind the script's name. Throws where it makes no sense */
function readArguments(argv) {
  const border = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const ours = argv.slice(0, border);
  const versions = ours.filter((argument) => argument !== '--allow-missing');
  const odd = versions.find((version) => !/^\d+(\.\d+){0,2}$/.test(version));
  if (odd !== undefined) throw new Error(`${odd}: expected a version such as 22 or 20.19, or --allow-missing`);
  return {
    versions: versions.length > 0 ? versions : VERSIONS,
    jestArgs: argv.slice(border + 1),
    allowMissing: ours.includes('--allow-missing'),
  };
}

module.exports = { readArguments };
