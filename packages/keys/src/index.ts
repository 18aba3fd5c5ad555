export { AEAD_KEY_LENGTH, seal, unseal } from './aead.ts'
export { requireCapabilities } from './capabilities.ts'
export { type KeysConfig, keysConfig, openKeyManager } from './config.ts'
export {
  derFromIeee1363,
  ieee1363FromDer,
  isP256,
  p256PublicKeyFromPem,
  publicKeyFromPem,
  publicKeyToPem,
} from './ecdsa.ts'
export * from './errors.ts'
export type {
  CallOptions,
  KeyManager,
  KeyManagerCapabilities,
  Signer,
  SigningKeyVersion,
} from './key-manager.ts'
