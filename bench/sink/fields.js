'use strict';

/**
 * Calls `visit(field, value, start, end)` for each field of the protobuf message `buf[from … to)`: of a varint its
 * value (exact up to 2^53), of bytes where they are.
 */
function eachField(buf, from, to, visit) {
  let at = from;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = buf[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < to) {
    const key = varint();
    const field = Math.floor(key / 8);
    switch (key & 7) {
      case 0:
        visit(field, varint(), 0, 0);
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        const length = varint();
        visit(field, 0, at, at + length);
        at += length;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        throw new Error(`no protobuf: wire type ${key & 7}`);
    }
  }
}

/** The texts under `field`, or those under `inner` of the messages under `field`. */
function textsIn(buf, field, inner) {
  const texts = [];
  const take = (wanted, visitInner) => (found, _value, start, end) => {
    if (found !== wanted) return;
    if (visitInner) eachField(buf, start, end, visitInner);
    else texts.push(buf.toString('utf8', start, end));
  };
  eachField(buf, 0, buf.length, inner === undefined ? take(field) : take(field, take(inner)));
  return texts;
}

module.exports = { eachField, textsIn };
