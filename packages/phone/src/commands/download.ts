import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import { addIndexOptions, downloadOf, type IndexOptions, regionOf } from '../archive-options.ts'
import { downloadArchives, type NamedArchive } from '../download-archives.ts'
import { inputUnusable } from '../errors.ts'
import { type Context, limitsOf, systemOf } from '../options.ts'
import { readTrusted } from '../read-archives.ts'

interface DownloadCommandOptions extends IndexOptions {
  to: string
  state?: string
}

interface SavedArchive {
  name: string
  file: string
  sizeBytes: number
}

export function addDownloadCommand(program: Command, context: Context): void {
  const command = program
    .command('download')
    .description(
      'Downloads the archives that the index of a region lists; `verify` says whether they are genuine.',
    )
    .option('--to <folder>', 'where to put them', 'archives')
    .option('--state <file>', 'remembers the last archive seen, for the next call')
  addIndexOptions(command).action(async () => {
    const options = command.optsWithGlobals<DownloadCommandOptions>()
    const saved = await downloadAll(options, context)
    context.out(options.json ? JSON.stringify({ archives: saved }) : describe(saved))
  })
}

async function downloadAll(
  options: DownloadCommandOptions,
  context: Context,
): Promise<SavedArchive[]> {
  const system = systemOf(options, context)
  const download = downloadOf(options, system)
  const memory = await openMemory(options.state, download.indexUrl)
  const since = options.since ?? memory.last
  const region = regionOf(options, system)
  const saved: SavedArchive[] = []
  const archives = downloadArchives(
    { ...download, ...(since !== undefined && { since }) },
    limitsOf(options),
  )
  for await (const archive of archives) {
    await readTrusted(archive, { publicKeys: undefined, region })
    saved.push(await save(options.to, archive))
    await memory.remember(archive.name)
  }
  return saved
}

async function save(folder: string, { name, contents }: NamedArchive): Promise<SavedArchive> {
  const file = join(folder, name)
  await replace(file, contents)
  return { name, file, sizeBytes: contents.length }
}

/** Written aside and renamed, so that a call that is cut short leaves no half file. */
async function replace(file: string, contents: string | Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(`${file}.partial`, contents)
  await rename(`${file}.partial`, file)
}

interface Memory {
  last: string | undefined
  remember(name: string): Promise<void>
}

const memorySchema = z.record(z.string(), z.string())

/** The last line seen of each index; without a file nothing is remembered. */
async function openMemory(file: string | undefined, indexUrl: string): Promise<Memory> {
  if (file === undefined) return { last: undefined, remember: async () => undefined }
  const known = parseMemory(file, await readFile(file, 'utf8').catch(absent))
  return {
    last: known[indexUrl],
    remember: (name) => replace(file, `${JSON.stringify({ ...known, [indexUrl]: name })}\n`),
  }
}

function absent(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '{}'
  throw error
}

function parseMemory(file: string, text: string): Record<string, string> {
  try {
    return memorySchema.parse(JSON.parse(text))
  } catch (cause) {
    throw inputUnusable(`${file} is not what --state has written`, { cause })
  }
}

function describe(saved: readonly SavedArchive[]): string {
  if (saved.length === 0) return 'nothing new'
  return saved.map(({ file, sizeBytes }) => `${file}  ${sizeBytes} bytes`).join('\n')
}
