export { whenConfigured } from './configured.ts'
export { type FaultyLink, faultyLink } from './faulty-link.ts'
export { type HugeAnswer, type HugeAnswerOptions, hugeAnswer } from './huge-answer.ts'
export { type ModuleRun, type RunOptions, runModule } from './run-module.ts'
