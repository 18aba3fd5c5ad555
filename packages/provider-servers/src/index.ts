export { type FaultyLink, faultyLink } from './faulty-link.ts'
