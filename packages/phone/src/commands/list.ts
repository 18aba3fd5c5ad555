import { INTERVAL_SECONDS, keyToBase64 } from '@ens/domain'
import { type ParsedKey, toExportKey } from '@ens/export-file'
import type { Command } from 'commander'
import { addReadOptions, contentsOf, type ReadOptions } from '../archive-options.ts'
import { describeArchive, isoTime, signersOf } from '../describe-archive.ts'
import type { Context } from '../options.ts'
import type { ReadArchive } from '../read-archives.ts'
import { table } from '../terminal.ts'

export function addListCommand(program: Command, context: Context): void {
  const command = program
    .command('list')
    .description('Lists the keys in archives: the files given, or those the index lists.')
    .argument('[archives...]', 'zip files')
  addReadOptions(command).action(async (files: string[]) => {
    const options = command.optsWithGlobals<ReadOptions>()
    for await (const archive of contentsOf(files, options, context))
      context.out(options.json ? toJson(archive) : describe(archive))
  })
}

/** The words of a publish for what a publish has words for, so that the keys can be published again. */
function toJson(archive: ReadArchive): string {
  const { name, contents } = archive
  return JSON.stringify({
    archive: name,
    region: contents.region,
    start: isoTime(contents.start),
    end: isoTime(contents.end),
    signedBy: signersOf(archive),
    temporaryExposureKeys: contents.keys.map(toJsonKey),
    revisedKeys: contents.revisedKeys.map(toJsonKey),
  })
}

function toJsonKey(parsed: ParsedKey) {
  const key = toExportKey(parsed)
  return {
    key: keyToBase64(key.key),
    rollingStartNumber: key.intervalNumber,
    rollingPeriod: key.intervalCount,
    transmissionRisk: key.transmissionRisk,
    reportType: key.reportType,
    daysSinceSymptomOnset: key.daysSinceSymptomOnset,
  }
}

const HEADING = ['list', 'key', 'valid from', 'intervals', 'risk', 'report type', 'onset']

function describe(archive: ReadArchive): string {
  const { keys, revisedKeys } = archive.contents
  const rows = [
    ...keys.map((key) => toRow('keys', key)),
    ...revisedKeys.map((key) => toRow('revised', key)),
  ]
  return `${describeArchive(archive)}\n${table([HEADING, ...rows])}\n`
}

function toRow(list: string, parsed: ParsedKey): string[] {
  const key = toExportKey(parsed)
  return [
    list,
    keyToBase64(key.key),
    isoTime(key.intervalNumber * INTERVAL_SECONDS),
    String(key.intervalCount),
    String(key.transmissionRisk),
    key.reportType ?? '-',
    String(key.daysSinceSymptomOnset ?? '-'),
  ]
}
