'use strict';

/*
 * How people write a line into a file: what they type. `line` and `file` hold nothing that a shell would take for its
 * own. `byShell`: the shell itself writes, so its time counts from the moment the line was typed; other tools take
 * time to start, of which the agent knows nothing.
 */

const octal = (byte) => `\\${byte.toString(8).padStart(3, '0')}`;

/** As PowerShell's `>` does. */
function utf16(line) {
  const bytes = Buffer.from(`\ufeff${line}\r\n`, 'utf16le');
  return Array.from(bytes, octal).join('');
}

const half = (line) => [line.slice(0, 3), line.slice(3)];

const STYLES = [
  { name: '>', byShell: true, script: (line, file) => `echo ${line} > ${file}` },
  { name: '>>', byShell: true, script: (line, file) => `echo ${line} >> ${file}` },
  { name: 'rm and >', tool: 'rm', script: (line, file) => `rm -f ${file}; echo ${line} > ${file}` },
  { name: 'mv', tool: 'mv', script: (line, file) => `echo ${line} > ${file}.new; mv ${file}.new ${file}` },
  { name: 'cp', tool: 'cp', script: (line, file) => `echo ${line} > ${file}.src; cp ${file}.src ${file}` },
  { name: 'sed -i', tool: 'sed', script: (line, file) => `sed -i '$a ${line}' ${file}` },
  { name: 'tee -a', tool: 'tee', script: (line, file) => `echo ${line} | tee -a ${file} > /dev/null` },
  {
    name: 'dd conv=notrunc',
    tool: 'dd',
    script: (line, file) => `echo ${line} | dd of=${file} conv=notrunc status=none`,
  },
  {
    name: 'vim',
    tool: 'vim',
    script: (line, file) => `vim -es -u NONE -i NONE -c '%d' -c 'call setline(1, "${line}")' -c wq ${file} < /dev/null`,
  },
  {
    name: 'python',
    tool: 'python3',
    script: (line, file) => `"$python" -c 'with open("${file}", "w") as f: f.write("${line}\\n")'`,
  },
  {
    name: '> in halves 10 ms apart',
    tool: 'sleep',
    script: (line, file) => {
      const [first, second] = half(line);
      return `printf %s '${first}' > ${file}; sleep 0.01; echo '${second}' >> ${file}`;
    },
  },
  { name: '> in UTF-16LE', byShell: true, script: (line, file) => `printf '${utf16(line)}' > ${file}` },
  {
    name: '> without a newline',
    byShell: true,
    // A line without an end counts as whole when it has not changed for this long.
    settlesInMs: 150,
    script: (line, file) => `printf '${line}' > ${file}`,
  },
];

module.exports = { STYLES };
