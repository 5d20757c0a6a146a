/**
 * Avro bytes with the Confluent frame, one codec per topic: magic byte 0, schema id (big endian), body. No IO.
 * Encoding writes into one shared scratch buffer and copies out once; decoding uses one cached resolver per writer schema.
 * Errors: ENCODE_INVALID; NOT_AVRO_FRAMED, AVRO_UNREADABLE (all poison).
 */
import avro, { type Schema, type Type } from 'avsc';
import { runtimeError } from '../errors/classify.ts';

export const frameBytes = 5;
const magicByte = 0;

/** What reads one writer's records: null where writer and reader are the same schema. */
type Reader = { readonly resolver: ReturnType<Type['createResolver']> | null };

export type TopicCodec = {
  /** Canonical text of our schema, as it is looked up in the registry. */
  readonly schemaText: string;
  encode(schemaId: number, value: unknown): Buffer;
  /** Undefined when the writer's schema has not been learnt. */
  decode(schemaId: number, framed: Buffer): unknown;
  knows(schemaId: number): boolean;
  /** Remembers how to read what was written with `writerSchema`. */
  learn(schemaId: number, writerSchema: object): void;
};

/** The writer's schema id, after checking the frame. */
export function schemaIdOf(framed: Buffer): number {
  if (framed.length < frameBytes || framed[0] !== magicByte) throw runtimeError('NOT_AVRO_FRAMED', 'decode');
  return framed.readUInt32BE(1);
}

export function createTopicCodec(topic: string, schema: object): TopicCodec {
  const type = avro.Type.forSchema(schema as Schema);
  const readers = new Map<number, Reader>();
  const encodeFramed = createEncoder(type, topic);
  return {
    schemaText: JSON.stringify(schema),
    encode: encodeFramed,
    decode: (schemaId, framed) => {
      const reader = readers.get(schemaId);
      return reader === undefined ? undefined : decodeBody(type, reader, framed, topic);
    },
    knows: (schemaId) => readers.has(schemaId),
    learn: (schemaId, writerSchema) => readers.set(schemaId, readerOf(type, writerSchema, topic)),
  };
}

function createEncoder(type: Type, topic: string): (schemaId: number, value: unknown) => Buffer {
  let scratch = Buffer.allocUnsafeSlow(16 * 1024);
  return function encode(schemaId, value) {
    const end = write(type, value, scratch, topic);
    if (end >= 0) {
      scratch[0] = magicByte;
      scratch.writeUInt32BE(schemaId, 1);
      return Buffer.from(scratch.subarray(0, end));
    }
    scratch = Buffer.allocUnsafeSlow(2 * (scratch.length - end));
    return encode(schemaId, value);
  };
}

/** End of what was written, or minus the bytes that were missing. */
function write(type: Type, value: unknown, into: Buffer, topic: string): number {
  try {
    return type.encode(value, into, frameBytes);
  } catch (cause) {
    const message = `value for ${topic} does not follow its schema${where(type, value)}`;
    throw runtimeError('ENCODE_INVALID', 'publish', { message, cause });
  }
}

/** `at field a.b`, never the value. */
function where(type: Type, value: unknown): string {
  const paths: string[] = [];
  type.isValid(value, { errorHook: (path) => paths.push(path.join('.')) });
  return paths.length === 0 ? '' : ` at field ${paths.slice(0, 5).join(', ')}`;
}

function decodeBody(type: Type, { resolver }: Reader, framed: Buffer, topic: string): unknown {
  let decoded: { value: unknown; offset: number };
  try {
    decoded = resolver === null ? type.decode(framed, frameBytes) : type.decode(framed, frameBytes, resolver);
  } catch (cause) {
    throw runtimeError('AVRO_UNREADABLE', 'decode', { message: `record of ${topic} does not follow the schema it names`, cause });
  }
  if (decoded.offset === framed.length) return decoded.value;
  throw runtimeError('AVRO_UNREADABLE', 'decode', { message: `record of ${topic} is shorter or longer than its schema says` });
}

function readerOf(type: Type, writerSchema: object, topic: string): Reader {
  try {
    const writer = avro.Type.forSchema(writerSchema as Schema);
    return { resolver: writer.equals(type) ? null : type.createResolver(writer) };
  } catch (cause) {
    throw runtimeError('AVRO_UNREADABLE', 'decode', { message: `a writer's schema of ${topic} cannot be read as ours`, cause });
  }
}
