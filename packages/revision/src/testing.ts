export { type RevisionKeyTable, revisionKeyTable } from './testing/revision-key-table.ts'
