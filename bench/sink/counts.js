'use strict';

const { eachField } = require('./fields');

const ENTRY = 0;
const SERVER = 2;

/** What came in, of one protocol. `units` are segments, or spans where the protocol has no segments. */
const fresh = () => ({ units: 0, spans: 0, entries: 0, bytes: 0 });

/** @param kindField of a span's type @param entry its value for work that a caller asked for */
function countSpan(counts, buf, start, end, kindField, entry) {
  let kind = 0;
  eachField(buf, start, end, (field, value) => {
    if (field === kindField) kind = value;
  });
  counts.spans++;
  if (kind === entry) counts.entries++;
}

/** `UpstreamSegment`: the segment is bytes within. */
function countV2(counts, buf) {
  counts.units++;
  eachField(buf, 0, buf.length, (field, _value, start, end) => {
    if (field !== 2) return;
    eachField(buf, start, end, (inner, _inner, from, to) => {
      if (inner === 2) countSpan(counts, buf, from, to, 10, ENTRY);
    });
  });
}

/** `SegmentObject` of v3. */
function countV3(counts, buf) {
  counts.units++;
  eachField(buf, 0, buf.length, (field, _value, start, end) => {
    if (field === 3) countSpan(counts, buf, start, end, 8, ENTRY);
  });
}

/** `ExportTraceServiceRequest`: resources, in them scopes, in them spans. */
function countOtlp(counts, buf) {
  eachField(buf, 0, buf.length, (field, _value, start, end) => {
    if (field !== 1) return;
    eachField(buf, start, end, (inner, _inner, from, to) => {
      if (inner !== 2) return;
      eachField(buf, from, to, (innermost, _innermost, spanFrom, spanTo) => {
        if (innermost !== 2) return;
        counts.units++;
        countSpan(counts, buf, spanFrom, spanTo, 6, SERVER);
      });
    });
  });
}

module.exports = { countOtlp, countV2, countV3, fresh };
