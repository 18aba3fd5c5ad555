export * from './errors.ts'
export {
  createKeyRing,
  type KeyRing,
  type KeyRingAlarm,
  type KeyRingDeps,
  type RevisionKey,
} from './key-ring.ts'
export { mergeEntries } from './merge-entries.ts'
export { type KeyRotationPlan, planKeyRotation, type RotatableKey } from './plan-key-rotation.ts'
export { type NewRevisionKey, newRevisionKey, type WrappedRevisionKey } from './revision-key.ts'
export {
  type RevisionTokens,
  type RevisionTokensOptions,
  revisionTokens,
} from './revision-tokens.ts'
export {
  DEFAULT_MIN_LENGTH,
  type OpenOptions,
  openSealed,
  openToken,
  parseToken,
  type SealedToken,
  type SealOptions,
  sealToken,
} from './token.ts'
export type { RevisableKey } from './token-data.ts'
