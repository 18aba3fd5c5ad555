import protobuf from 'protobufjs/light.js'

// The messages of the reference server, whose tokens phones still hold. Proto3: zeros and empty values are not written.
const FORMAT = {
  edition: 'proto3',
  nested: {
    RevisableKey: {
      fields: {
        temporaryExposureKey: { type: 'bytes', id: 1 },
        intervalNumber: { type: 'int32', id: 2 },
        intervalCount: { type: 'int32', id: 3 },
      },
    },
    RevisionTokenData: {
      fields: { revisableKeys: { rule: 'repeated', type: 'RevisableKey', id: 1 } },
    },
    RevisionToken: {
      fields: { kid: { type: 'string', id: 1 }, data: { type: 'bytes', id: 2 } },
    },
  },
}

const { root } = protobuf.Root.fromJSON(FORMAT)

interface RevisableKeyMessage {
  temporaryExposureKey: Uint8Array
  intervalNumber: number
  intervalCount: number
}

/** What is sealed: the keys that may be revised. */
export const tokenDataMessage = message<{ revisableKeys: RevisableKeyMessage[] }>(
  'RevisionTokenData',
)

/** What is sent: the number of the key that opens it, and what is sealed. */
export const tokenMessage = message<{ kid: string; data: Uint8Array }>('RevisionToken')

interface MessageFormat<T> {
  encode(fields: T): Buffer
  /** Undefined if the bytes are no such message. Unknown fields are skipped, missing ones are zero or empty. */
  decode(bytes: Uint8Array): T | undefined
}

function message<T extends object>(name: string): MessageFormat<T> {
  const type = root.lookupType(name)
  return {
    encode: (fields) => Buffer.from(type.encode(fields).finish()),
    decode(bytes) {
      try {
        return type.toObject(type.decode(bytes), { defaults: true, arrays: true }) as T
      } catch {
        // The library tells the faults of its input by Error and RangeError alone; it has no others.
        return undefined
      }
    },
  }
}
