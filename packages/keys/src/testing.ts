export { localSigner, privateKeyFromSec1 } from './local-signer.ts'
export { type MemoryKeyManagerOptions, memoryKeyManager } from './memory.ts'
