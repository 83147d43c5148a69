'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { ROOT, run } = require('../sandbox');

const TSC = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

const WAYS = [
  { resolution: 'node16', module: 'node16', extensions: ['cts', 'mts'] },
  { resolution: 'bundler', module: 'esnext', extensions: ['ts'] },
];

/** Only the types that a stranger would have: Node's. Whatever else ours lean on must come with the package. */
function giveTypesOfNode(project) {
  const types = path.join(project, 'node_modules', '@types', 'node');
  fs.rmSync(types, { recursive: true, force: true });
  fs.mkdirSync(path.dirname(types), { recursive: true });
  fs.symlinkSync(path.join(ROOT, 'node_modules', '@types', 'node'), types, 'junction');
}

async function checkTypes(score, project) {
  giveTypesOfNode(project);
  for (const { resolution, module, extensions } of WAYS) {
    for (const extension of extensions) {
      await score.check(`TypeScript takes it: moduleResolution ${resolution}, .${extension}`, async () => {
        const folder = path.join(project, `types-${resolution}-${extension}`);
        fs.mkdirSync(folder);
        fs.copyFileSync(path.join(project, 'uses.txt'), path.join(folder, `uses.${extension}`));
        const compilerOptions = {
          module,
          moduleResolution: resolution,
          target: 'es2022',
          lib: ['es2023'],
          types: ['node'],
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          // Ours are checked as well.
          skipLibCheck: false,
          noEmit: true,
        };
        fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*'] }));
        await run(process.execPath, [TSC, '-p', folder]);
      });
    }
  }
}

module.exports = { checkTypes };
