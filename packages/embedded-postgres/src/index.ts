export * from './child.ts'
export * from './ports.ts'
export * from './postgres.ts'
export * from './starters.ts'
