'use strict';

/*
 * Counts what makes the sources easy or hard to read, of the working tree and, beside it, of another commit:
 *
 *   npm run house                       the working tree alone
 *   npm run house -- a9c876a            that commit first, then the working tree
 *   npm run house -- a9c876a --names    also which lines, names and files are counted
 *   npm run house -- --static           without the traces, which build the sources and run them
 *
 * The traces run one request, and one command each, in a process whose functions V8 counts. A file belongs to a trace
 * when one of its functions ran; `reset` registers again, `report` does not. A trace begins with the request, or with the
 * write of the command, and ends in the very write that hands the segment to the socket, or the stamp to the file. Each is
 * run several times, and only what ran every time is counted, because our timers run meanwhile too.
 */

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const MAX_FILES_IN_FOLDER = 14;
const TRACE_TIMEOUT_MS = 60_000;
const WARM_UPS = 3;
const MEASURED_RUNS = 4;
/** Commands run five at once and then one a second: after each warm-up the measured ones have their five. */
const AFTER_WARM_UP_MS = 1000;
const SEGMENTS = /TraceSegmentReportService/;

/** What registration consists of: the first is where it was before the modules were laid out anew. */
const REGISTRATION = /^(registry\/|protocol\/registration\/|protocol\/v[23]\/(registration|dictionary|names))/;
/** It repeats names of the package that it stands in for, and so has some of ours with another meaning, by design. */
const COMPATIBILITY = /^compat\//;
/** The embedded backend speaks both protocols by its nature: its questions are not counted. */
const BACKEND = /^testing\//;

const QUESTION = new RegExp(
  [
    String.raw`\b(protocol|dialect|phase)\b[)\]]*\s*[!=]==?`,
    String.raw`[!=]==?\s*[\w.?!]*\b(protocol|dialect|phase)\b`,
    String.raw`\bswitch \(.*\b(protocol|dialect|phase)\b`,
  ].join('|'),
);

/** A comment, and the scheme of a URL, which bears the same word. */
const NO_QUESTION = /\/\/.*|\burl\.protocol\b|\bprotocol [!=]== 'https?:'/g;

const WORDS = {
  'sentences that open with a bare "Of"': /(^|[.!?:]["'`)]*\s+)Of (?!course\b)/g,
  '"somebody", "nobody"': /\b(somebody|nobody)\b/gi,
  '"so many"': /\bso many\b/gi,
};

// ---- reading -------------------------------------------------------------------------------------------------------

const SKIPPED = new Set(['node_modules', 'build', 'dist', 'coverage', '.git', 'dist.unfinished', 'house.js']);

function filesUnder(folder, pattern) {
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return filesUnder(file, pattern);
    return pattern.test(entry.name) ? [file] : [];
  });
}

/** Comments, each as one line of prose, and the texts of string literals and templates. */
function proseOf(ts, source) {
  const prose = [];
  const seen = new Set();
  const addComments = (ranges) => {
    for (const { pos, end } of ranges ?? []) {
      if (seen.has(pos)) continue;
      seen.add(pos);
      const lines = source.text.slice(pos, end).split('\n');
      prose.push(
        lines
          .map((line) => line.replace(/^\s*(\/\*\*?|\*\/|\*|\/\/)\s?|\s*\*\/$/g, '').trim())
          .join(' ')
          .trim(),
      );
    }
  };
  const visit = (node) => {
    addComments(ts.getLeadingCommentRanges(source.text, node.pos));
    addComments(ts.getTrailingCommentRanges(source.text, node.end));
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
      prose.push(node.text);
    node.getChildren(source).forEach(visit);
  };
  visit(source);
  return prose;
}

function exportsOf(ts, source) {
  const isExported = (node) => node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
  return source.statements.filter(isExported).flatMap((node) => {
    const declared = ts.isVariableStatement(node) ? [...node.declarationList.declarations] : [node];
    return declared.flatMap(({ name }) => (name && ts.isIdentifier(name) ? [{ name: name.text, node }] : []));
  });
}

/** Fields and setters that other classes can set to true and false. */
function publicMutableBooleans(ts, source) {
  const found = [];
  const isClosed = ({ modifiers, name }) =>
    ts.isPrivateIdentifier(name) ||
    modifiers?.some(({ kind }) =>
      [ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword, ts.SyntaxKind.ReadonlyKeyword].includes(kind),
    );
  const isBoolean = ({ type, initializer }) =>
    type?.kind === ts.SyntaxKind.BooleanKeyword ||
    [ts.SyntaxKind.TrueKeyword, ts.SyntaxKind.FalseKeyword].includes(initializer?.kind);
  const visit = (node) => {
    if (ts.isClassDeclaration(node))
      for (const member of node.members) {
        const value = ts.isSetAccessor(member) ? member.parameters[0] : ts.isPropertyDeclaration(member) && member;
        if (value && !isClosed(member) && isBoolean(value)) found.push(`${node.name.text}.${member.name.text}`);
      }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

// ---- counting ------------------------------------------------------------------------------------------------------

/** Everything that can be counted by reading. Each value is the list of what is counted. */
function countSources(root) {
  const ts = require('typescript');
  const src = path.join(root, 'src');
  const sources = filesUnder(src, /\.ts$/).map((file) => ({
    file: path.relative(src, file).split(path.sep).join('/'),
    source: ts.createSourceFile(file, fs.readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true),
  }));

  const questions = sources.flatMap(({ file, source }) => {
    if (BACKEND.test(file)) return [];
    const lines = source.text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, '')).split('\n');
    return lines.flatMap((line, i) => (QUESTION.test(line.replace(NO_QUESTION, '')) ? [`${file}:${i + 1}`] : []));
  });

  const exported = sources.flatMap(({ file, source }) => exportsOf(ts, source).map((found) => ({ ...found, file })));
  const homes = new Map();
  for (const { name, file } of exported) homes.set(name, new Set([...(homes.get(name) ?? []), file]));
  const shared = [...homes].filter(([, files]) => files.size > 1);
  const isOfCompat = ([, files]) => files.size === 2 && [...files].some((file) => COMPATIBILITY.test(file));
  const registration = exported.filter(({ file }) => REGISTRATION.test(file));

  const folders = new Map();
  for (const { file } of sources) folders.set(path.dirname(file), (folders.get(path.dirname(file)) ?? 0) + 1);

  return {
    'lines that compare protocol, dialect or phase': questions,
    '… files with such lines': [...new Set(questions.map((line) => line.split(':')[0]))],
    'classes of registration': registration.filter(({ node }) => ts.isClassDeclaration(node)).map(({ name }) => name),
    '… and its interfaces': registration.filter(({ node }) => ts.isInterfaceDeclaration(node)).map(({ name }) => name),
    '… its public mutable booleans': sources.flatMap(({ file, source }) =>
      REGISTRATION.test(file) ? publicMutableBooleans(ts, source) : [],
    ),
    'exported names that stand in two files': shared.filter((one) => !isOfCompat(one)).map(([name]) => name),
    '… and those that compat/ has by design': shared.filter(isOfCompat).map(([name]) => name),
    'exported names': exported.map(({ name }) => name),
    'files in src/': sources.map(({ file }) => file),
    [`folders of more than ${MAX_FILES_IN_FOLDER} files`]: [...folders]
      .filter(([, count]) => count > MAX_FILES_IN_FOLDER)
      .map(([folder]) => folder),
    'paths in docs/architecture.md that do not exist': missingPaths(root),
    ...countWords(ts, root, sources),
  };
}

/** A path there is relative to the root, to src/ or to a module's folder. */
function missingPaths(root) {
  const document = path.join(root, 'docs', 'architecture.md');
  if (!fs.existsSync(document)) return [];
  const src = path.join(root, 'src');
  const bases = [root, src, ...fs.readdirSync(src).map((name) => path.join(src, name))];
  const named = fs.readFileSync(document, 'utf8').matchAll(/`([\w./-]+(?:\.[jt]s|\/))`/g);
  const isThere = (name) => bases.some((base) => fs.existsSync(path.join(base, name)));
  return [...new Set([...named].map(([, name]) => name))].filter((name) => !isThere(name));
}

function countWords(ts, root, sources) {
  const others = ['test', 'bench', 'scripts', '.ci'].flatMap((name) => filesUnder(path.join(root, name), /\.[jt]s$/));
  const parse = (file) => ts.createSourceFile(file, fs.readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const paragraphs = (file) => fs.readFileSync(file, 'utf8').split(/\n\s*\n|\n(?=\s*[-*|#\d])/);
  const texts = {
    'src/': sources.map(({ file, source }) => [file, proseOf(ts, source)]),
    'test/, bench/ and scripts/': others.map((file) => [path.relative(root, file), proseOf(ts, parse(file))]),
    documents: filesUnder(root, /\.md$/).map((file) => [path.relative(root, file), paragraphs(file)]),
  };
  const counts = {};
  for (const [what, pattern] of Object.entries(WORDS))
    for (const [where, files] of Object.entries(texts))
      counts[`${what} in ${where}`] = files.flatMap(([file, prose]) =>
        prose.flatMap((text) => [...text.replace(/^[\s>|*#-]+/, '').matchAll(pattern)].map(() => file)),
      );
  return counts;
}

// ---- tracing -------------------------------------------------------------------------------------------------------

/** Builds `root` and runs it in a process of its own. */
function traceFiles(root) {
  const tsc = require.resolve('typescript/bin/tsc', { paths: [ROOT] });
  execFileSync(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.build.json')], { stdio: ['ignore', 2, 2] });
  const trace = (what) => {
    const child = spawnSync(process.execPath, [__filename, '--trace', what, path.join(root, 'build')], {
      stdio: ['ignore', 'pipe', 2],
      encoding: 'utf8',
      timeout: TRACE_TIMEOUT_MS,
      env: { ...process.env, SW_DISABLE: '', SW_AGENT_LOGGING_LEVEL: 'error' },
    });
    if (child.status !== 0) throw new Error(`the trace of one ${what} ended with ${child.status ?? child.signal}`);
    return JSON.parse(child.stdout);
  };
  const request = trace('request');
  const agentFunctions = request.functions.filter((name) => name.startsWith('agent/'));
  return {
    'files from the request to its segment at the backend': request.files,
    '… functions of agent/ among them': agentFunctions,
    'files from `echo report` to its stamp': trace('report').files,
    'files from `echo reset` to its stamp': trace('reset').files,
  };
}

/** Runs in the child process. The backend lives in a worker, whose functions are not counted. */
async function runTrace(what, build) {
  const { Worker } = require('node:worker_threads');
  const { once } = require('node:events');
  const http = require('node:http');
  const net = require('node:net');

  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skyanchor-house-trace-'));
  const commandFile = path.join(folder, 'skyanchor.command');
  fs.writeFileSync(commandFile, '', { mode: 0o644 });

  const backend = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     const { startCollector } = require(workerData);
     startCollector({ idDelayMs: 0 }).then((collector) => {
       parentPort.once('message', () => collector.stop());
       parentPort.postMessage(collector.address);
     });`,
    { eval: true, workerData: path.join(build, 'testing', 'index.js') },
  );
  const [address] = await once(backend, 'message');

  let onLastWrite = () => undefined;
  if (what === 'request') watchStreams(SEGMENTS, () => onLastWrite());
  else await watchFiles(folder, / done /, () => onLastWrite());

  const { start } = require(path.join(build, 'index.js'));
  const options = { serviceName: 'house', instanceName: 'house-1', backends: address, heartbeatMs: 86_400_000 };
  const agent = start({ ...options, meters: false, logs: false, ...(what !== 'request' && { commandFile }) });
  await agent.ready();

  const server = http.createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const request = () => {
    const socket = net.connect(server.address().port, '127.0.0.1');
    socket.end('GET /hello HTTP/1.1\r\nHost: house\r\nConnection: close\r\n\r\n');
    socket.resume();
  };
  const command = () => fs.writeFileSync(commandFile, `${what}\n`);
  const isSent = () => agent.status().segments.sent === agent.status().segments.accepted;
  // Then it is not written again for half a second.
  const isShown = () => fs.readFileSync(`${commandFile}.status.json`, 'utf8').includes(idOfLastRun(agent, 'done'));
  const [run, isOver] = what === 'request' ? [request, isSent] : [command, isShown];

  const takeFunctions = countFunctions(build);
  let functions;
  for (let i = 0; i < WARM_UPS + MEASURED_RUNS; i++) {
    const ran = await new Promise((resolve) => {
      onLastWrite = () => resolve(takeFunctions());
      takeFunctions();
      run();
    });
    // The first runs load what is loaded on first use, and make the backend give an id to the endpoint.
    if (i >= WARM_UPS) functions = (functions ?? [...ran]).filter((name) => ran.has(name));
    else await new Promise((resolve) => setTimeout(resolve, AFTER_WARM_UP_MS));
    while (!isOver()) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const files = [...new Set(functions.map((name) => name.split(' ')[0]))].sort();
  await agent.stop();
  backend.postMessage('stop');
  await once(backend, 'exit');
  process.stdout.write(JSON.stringify({ files, functions }), () => {
    fs.rmSync(folder, { recursive: true, force: true });
    process.exit();
  });
}

/** @returns gives out the functions that ran since it was called last, up to this very call */
function countFunctions(build) {
  const session = new (require('node:inspector').Session)();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  const prefix = require('node:url').pathToFileURL(`${fs.realpathSync(build)}/`).href;
  return () => {
    let scripts = [];
    // Within one thread the answer comes before `post` returns.
    session.post('Profiler.takePreciseCoverage', (_, { result }) => (scripts = result));
    const ours = scripts.filter(({ url }) => url.startsWith(prefix));
    const names = ours.flatMap(({ url, functions: found }) =>
      found
        .filter(({ ranges }) => ranges[0].count > 0)
        .map(({ functionName }) => `${url.slice(prefix.length)} ${functionName || '(anonymous)'}`),
    );
    return new Set(names);
  };
}

/** Calls back after each write of data to an HTTP/2 stream whose path matches. */
function watchStreams(pattern, onWrite) {
  const http2 = require('node:http2');
  const { connect } = http2;
  http2.connect = (...args) => {
    const session = connect(...args);
    const { request } = session;
    session.request = (headers, ...rest) => {
      const stream = request.call(session, headers, ...rest);
      if (!pattern.test(headers[':path'])) return stream;
      for (const name of ['write', 'end']) {
        const write = stream[name];
        stream[name] = (...data) => {
          const result = write.apply(stream, data);
          if (Buffer.isBuffer(data[0])) onWrite();
          return result;
        };
      }
      return stream;
    };
    return session;
  };
}

/** Calls back when a text that matches is handed to a file. */
async function watchFiles(folder, pattern, onWrite) {
  const handle = await fs.promises.open(path.join(folder, 'any'), 'w');
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  const { write } = prototype;
  prototype.write = function (data, ...rest) {
    const written = write.call(this, data, ...rest);
    if (pattern.test(String(data))) onWrite();
    return written;
  };
}

function idOfLastRun(agent, state) {
  return agent.status().commands.last.findLast((outcome) => outcome.state === state)?.id ?? 'none yet';
}

// ---- printing ------------------------------------------------------------------------------------------------------

function checkOut(commit) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skyanchor-house-'));
  const archive = execFileSync('git', ['archive', commit], { cwd: ROOT, maxBuffer: 2 ** 30 });
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
  fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  return folder;
}

function count(root, isStatic) {
  return { ...(isStatic ? {} : traceFiles(root)), ...countSources(root) };
}

function main(args) {
  const commit = args.find((arg) => !arg.startsWith('--'));
  const isStatic = args.includes('--static');
  const columns = [];
  if (commit) {
    const folder = checkOut(commit);
    try {
      columns.push([commit, count(folder, isStatic)]);
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  }
  columns.push(['now', count(ROOT, isStatic)]);

  const titles = Object.keys(columns[0][1]);
  const width = Math.max(...titles.map((title) => title.length));
  const row = (title, cells) => `${title.padEnd(width)}${cells.map((cell) => String(cell).padStart(10)).join('')}\n`;
  process.stdout.write(
    row(
      '',
      columns.map(([name]) => name),
    ),
  );
  for (const title of titles)
    process.stdout.write(
      row(
        title,
        columns.map(([, counts]) => counts[title].length),
      ),
    );
  if (!args.includes('--names')) return;
  for (const [name, counts] of columns)
    for (const title of titles.filter((key) => !/^(files in|exported names$)/.test(key)))
      process.stdout.write(`\n${name}: ${title}\n  ${counts[title].join('\n  ')}\n`);
}

const args = process.argv.slice(2);
if (args[0] === '--trace') void runTrace(args[1], args[2]);
else main(args);
