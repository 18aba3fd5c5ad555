export { readListed } from './archives-as-phone.ts'
export { config as localConfig, type LocalConfig } from './config.ts'
export { DEMO } from './demo-configuration.ts'
export type { Demo } from './demo-file.ts'
export { createFleet, type Fleet } from './fleet.ts'
export { type LocalFolder, openFolder } from './folder.ts'
export {
  findAsPhone,
  findRevisedAsPhone,
  type ProofDeps,
  type Published,
  publishAsPhone,
  reviseAsPhone,
} from './proof.ts'
export {
  describeFleet,
  describeFound,
  describeListed,
  describePublished,
  describeRevised,
  describeRevisionFound,
  NEXT_STEPS,
} from './report.ts'
export { type Local, type LocalOptions, startLocal } from './start-local.ts'
export { openTerminal, type Terminal } from './terminal.ts'
