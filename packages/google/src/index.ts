export { type Calls, grpcCalls } from './calls.ts'
export { checksumOf, hasChecksum } from './checksum.ts'
export { type ConnectionOptions, connectionTo } from './connection.ts'
export { GoogleFailure, hasStatus, status } from './failure.ts'
