import { message, writeDouble, writeInt64, writeNested, writeText } from '../message/write';
import type { V3Names } from '../names';

/** One number of this process. */
export interface Meter {
  readonly name: string;
  readonly value: number;
}

/** `MeterData` with a single value. */
export function encodeMeter({ name, value }: Meter, time: number, { service, instance }: V3Names): Buffer {
  return message((writer) => {
    writeNested(writer, 1, (single) => {
      writeText(single, 1, name);
      writeDouble(single, 3, value);
    });
    writeText(writer, 3, service);
    writeText(writer, 4, instance);
    writeInt64(writer, 5, time);
  });
}
