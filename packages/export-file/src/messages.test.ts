import { readFileSync } from 'node:fs'
import protobuf from 'protobufjs'
import { expect, test } from 'vitest'
import { ExportMessage } from './messages.ts'

test('the running definitions are those of export.proto, but for a report type read as a number', () => {
  const proto = readFileSync(new URL('../proto/export.proto', import.meta.url), 'utf8')
  const published = protobuf.parse(proto.replace('optional ReportType', 'optional int32')).root

  expect(shape(ExportMessage.root)).toEqual(shape(published))
})

/** What decides over bytes and defaults; not the spelling in the .proto, nor numbers kept free. */
function shape(root: protobuf.Root): unknown {
  return JSON.parse(JSON.stringify(root), (name, value) =>
    name === 'protoName' || name === 'reserved' ? undefined : value,
  )
}
