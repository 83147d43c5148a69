'use strict';

/*
 * Loaded into an application before its agent: notes in the file LEDGER, a line of JSON each, which segments have come to
 * stand in whole blocks on the disk, what became of each block that was sent, and which blocks of dead processes were
 * counted and not sent a second time. A line that was written stays when the process is killed.
 */

const { appendFileSync } = require('node:fs');
const promises = require('node:fs/promises');
const path = require('node:path');
const { parseHeader, recordsOf } = require('../../dist/spool/block/block');
const { spoolCodec } = require('../../dist/protocol/segments/spool-codec');
const { FileDelivery } = require('../../dist/spool/file-delivery');
const { SpoolSender } = require('../../dist/export/spool-sender');

const { INSTANCE: instance, LEDGER: ledger } = process.env;
const note = (entry) => appendFileSync(ledger, `${JSON.stringify({ at: Date.now(), instance, ...entry })}\n`);
const nameOf = (segment) => segment.spans[0]?.operationName ?? '';

const { open } = promises;
promises.open = async (file, ...args) => {
  const handle = await open(file, ...args);
  if (!String(file).endsWith('.spool')) return handle;
  const { write } = handle;
  handle.write = async (bytes, offset, length, position) => {
    const result = await write.call(handle, bytes, offset, length, position);
    if (result.bytesWritten === length && parseHeader(bytes)?.kind === 'segments') {
      const names = recordsOf(bytes).map((record) => nameOf(spoolCodec.decode(record, false)));
      note({ type: 'written', file: path.basename(file), end: position + length, names });
    }
    return result;
  };
  return handle;
};
const { countSkipped } = FileDelivery.prototype;
FileDelivery.prototype.countSkipped = function (job, position) {
  const { key } = job;
  const onResult = (count, result) => {
    note({ type: 'skipped', key, sequence: position.sequence, end: position.offset, count });
    job.onResult(count, result);
  };
  countSkipped.call(this, { ...job, onResult }, position);
};

const { send } = SpoolSender.prototype;
SpoolSender.prototype.send = async function (segments, ...rest) {
  const names = [];
  const noted = (function* () {
    for (const segment of segments) {
      names.push(nameOf(segment));
      yield segment;
    }
  })();
  const fate = await send.call(this, noted, ...rest);
  note({ type: 'fate', fate, names });
  return fate;
};
