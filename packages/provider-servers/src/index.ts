export { whenConfigured } from './configured.ts'
export { type FaultyLink, faultyLink } from './faulty-link.ts'
