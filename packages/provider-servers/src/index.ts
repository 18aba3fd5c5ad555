export { whenConfigured } from './configured.ts'
export { type FaultyLink, faultyLink } from './faulty-link.ts'
export { type ModuleRun, type RunOptions, runModule } from './run-module.ts'
