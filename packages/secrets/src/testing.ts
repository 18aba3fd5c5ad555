export { memorySecretManager } from './memory.ts'
