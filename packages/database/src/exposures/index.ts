export type { Admission } from './admission.ts'
export * from './clean-up.ts'
export * from './generated.ts'
export * from './in-flight.ts'
export type { PublishStatistics } from './insertion.ts'
export { insertAll, type NewPublish } from './publish.ts'
export * from './revise.ts'
export {
  countSelected,
  oldestArrival,
  streamKeys,
  streamRevisedKeys,
} from './select.ts'
export type { Selection } from './selection.ts'
