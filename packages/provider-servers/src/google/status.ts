import { Metadata, type ServiceError, status } from '@grpc/grpc-js'

/** Why a call failed, as `google.rpc.ErrorInfo` tells machines. */
export interface Reason {
  reason: string
  domain: string
  metadata?: Record<string, string>
}

/** A failure of a gRPC call, with the reason among its details. */
export function callFailure(code: status, details: string, reason?: Reason): ServiceError {
  const metadata = new Metadata()
  if (reason) metadata.set('grpc-status-details-bin', richStatus(code, details, reason))
  return Object.assign(new Error(details), { code, details, metadata })
}

export const notFound = (name: string) => callFailure(status.NOT_FOUND, `${name} not found.`)
export const invalidArgument = (text: string) => callFailure(status.INVALID_ARGUMENT, text)

// protobuf, written by hand: google.rpc.Status { 1 code, 2 message, 3 details } with one google.protobuf.Any { 1 type_url, 2 value }.

function richStatus(code: number, message: string, reason: Reason): Buffer {
  const info = Buffer.concat([
    field(1, Buffer.from(reason.reason)),
    field(2, Buffer.from(reason.domain)),
    ...Object.entries(reason.metadata ?? {}).map(([key, value]) =>
      field(3, Buffer.concat([field(1, Buffer.from(key)), field(2, Buffer.from(value))])),
    ),
  ])
  const any = Buffer.concat([
    field(1, Buffer.from('type.googleapis.com/google.rpc.ErrorInfo')),
    field(2, info),
  ])
  return Buffer.concat([Buffer.of(0x08, code), field(2, Buffer.from(message)), field(3, any)])
}

function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of((number << 3) | 2), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  return value < 0x80
    ? Buffer.of(value)
    : Buffer.concat([Buffer.of((value & 0x7f) | 0x80), varint(value >>> 7)])
}
