import type { Segment, SegmentRef, V2Ref } from '../../../model/segment';
import { USER_ENDPOINT, type RefType } from '../../../model/components';
import { writeNumber } from '../../protobuf/fast/field';
import { closeLength } from '../../protobuf/fast/varint';
import { writeFastText } from '../../protobuf/fast/text';
import type { V2Names } from '../../../model/names';
import { writeV2Id, readV2Id } from './id';
import { type MessageReader, Fields } from '../../protobuf/control/reader';

/** For an entry endpoint that there is none: what OAP itself calls that. It takes 0 for a name that is still to come. */
const NONE = -1;

/**
 * Whether a backend takes a segment with this ref; with any other it drops the segment. A ref of another epoch holds
 * ids that belong to no instance by now, or to another one.
 */
export function isUsable(ref: SegmentRef, names: V2Names): ref is V2Ref {
  if (ref.parentService !== undefined) return false;
  const { networkAddress, parentInstanceId, entryInstanceId } = ref;
  const hasAddress = typeof networkAddress === 'number' ? networkAddress > 0 : networkAddress !== '';
  return ref.epoch === names.epoch && hasAddress && parentInstanceId > 0 && entryInstanceId > 0;
}

/** How many refs of a segment are left out, so that it gets through. */
export function unusableRefs(segment: Segment, names: V2Names): number {
  let count = 0;
  for (const { refs } of segment.spans) {
    if (refs) for (const ref of refs) if (!isUsable(ref, names)) count++;
  }
  return count;
}

/** A `SegmentReference`, as field 5 of a span. */
export function writeV2Ref(buf: Buffer, pos: number, ref: V2Ref, names: V2Names): number {
  buf[pos] = 0x2a;
  const body = pos + 3;
  let at = writeIfAny(buf, body, 0x08, ref.refType);
  buf[at] = 0x12;
  at = writeV2Id(buf, at + 1, ref.parentSegmentId);
  at = writeIfAny(buf, at, 0x18, ref.parentSpanId);
  at = writeIfAny(buf, at, 0x20, ref.parentInstanceId);
  at = writeNameOrId(
    buf,
    at,
    0x2a,
    0x30,
    idOr(ref.networkAddress, (name) => names.networkAddress(name)),
  );
  at = writeIfAny(buf, at, 0x38, ref.entryInstanceId);
  at = writeNameOrId(buf, at, 0x42, 0x48, endpointOf(ref.entryEndpoint, ref.entryInstanceId, names, NONE));
  at = writeNameOrId(buf, at, 0x52, 0x58, endpointOf(ref.parentEndpoint, ref.parentInstanceId, names, USER_ENDPOINT));
  return closeLength(buf, body, at, 2);
}

/**
 * The id of an endpoint by name is known of our own service only, and a name means another endpoint in every service.
 * Where the other side is not this very instance, the name goes as it came.
 */
function endpointOf(
  endpoint: string | number | undefined,
  instanceId: number,
  names: V2Names,
  none: number,
): string | number {
  if (endpoint === undefined || endpoint === '') return none;
  if (typeof endpoint === 'number') return endpoint > 0 ? endpoint : none;
  return instanceId === names.instanceId ? idOr(endpoint, (name) => names.endpoint(name)) : endpoint;
}

function idOr(nameOrId: string | number, lookUp: (name: string) => number): string | number {
  return typeof nameOrId === 'number' ? nameOrId : lookUp(nameOrId) || nameOrId;
}

function writeNameOrId(buf: Buffer, pos: number, nameTag: number, idTag: number, nameOrId: string | number): number {
  if (typeof nameOrId === 'number') return writeIfAny(buf, pos, idTag, nameOrId);
  if (nameOrId === '') return pos;
  buf[pos] = nameTag;
  return writeFastText(buf, pos + 1, nameOrId);
}

function writeIfAny(buf: Buffer, pos: number, tag: number, value: number): number {
  return value === 0 ? pos : writeNumber(buf, pos, tag, value);
}

/**
 * A `SegmentReference`, as it stands there. Its ids are the caller's, so no names can be made of them: it belongs to the
 * epoch it was written in, and is left out and counted in any other.
 */
export function readV2Ref(message: MessageReader, epoch: number): V2Ref {
  const fields = new Fields(message);
  return {
    epoch,
    refType: fields.number(1) as RefType,
    parentSegmentId: readV2Id(fields.one(2)),
    parentSpanId: fields.number(3),
    parentInstanceId: fields.number(4),
    networkAddress: nameOrId(fields, 5, 6),
    entryInstanceId: fields.number(7),
    entryEndpoint: nameOrId(fields, 8, 9),
    parentEndpoint: nameOrId(fields, 10, 11),
  };
}

function nameOrId(fields: Fields, name: number, id: number): string | number {
  return fields.isSet(id) ? fields.number(id) : fields.text(name);
}
