import type { Command } from 'commander'
import type { Demo } from './demo.ts'
import { type DownloadInput, downloadArchives, type NamedArchive } from './download-archives.ts'
import { needed, readInput, readPublicKey } from './inputs.ts'
import { type Context, type GlobalOptions, limitsOf, systemOf } from './options.ts'
import { type ReadArchive, readTrusted, type Trust } from './read-archives.ts'

export interface IndexOptions extends GlobalOptions {
  indexUrl?: string
  rootUrl?: string
  region?: string
  since?: string
}

export function addIndexOptions(command: Command): Command {
  return command
    .option('--index-url <url>', 'the index of the region')
    .option('--root-url <url>', 'what the lines of the index are appended to')
    .option('--region <region>', 'the region that every archive must be for')
    .option('--since <name>', 'only what the index lists after this archive')
}

export interface TrustOptions extends IndexOptions {
  publicKey?: string
  publicKeyId?: string
  publicKeyVersion?: string
}

export function addTrustOptions(command: Command): Command {
  return addIndexOptions(command)
    .option('--public-key <file>', 'PEM of the public key that must have signed')
    .option('--public-key-id <id>', 'the id that signatures call it by')
    .option('--public-key-version <version>', 'the version that signatures call it by')
}

/** Where to download from, as arguments or else the demo system say. */
export function downloadOf(options: IndexOptions, system: Demo): DownloadInput {
  return {
    indexUrl: needed(options.indexUrl ?? system.indexUrl, '--index-url'),
    rootUrl: needed(options.rootUrl ?? system.exportRootUrl, '--root-url'),
    ...(options.since !== undefined && { since: options.since }),
  }
}

/** The region asked for; that of the demo system only for the demo system's own index. */
export function regionOf(options: IndexOptions, system: Demo): string | undefined {
  return options.region ?? (options.indexUrl === undefined ? system.region : undefined)
}

/** The files given, or else those the region's index lists. */
export async function* archivesOf(
  files: readonly string[],
  options: IndexOptions,
  context: Context,
): AsyncGenerator<NamedArchive, void, undefined> {
  if (files.length === 0) {
    const download = downloadOf(options, systemOf(options, context))
    yield* downloadArchives(download, limitsOf(options))
  }
  for (const name of files) yield { name, contents: readInput(name) }
}

/** Whom to believe; a file's region counts only if it was asked for. */
export function trustOf(files: readonly string[], options: TrustOptions, context: Context): Trust {
  const system = systemOf(options, context)
  return {
    publicKeys: [publicKeyOf(options, system)],
    region: files.length > 0 ? options.region : regionOf(options, system),
  }
}

function publicKeyOf(options: TrustOptions, system: Demo) {
  const file = needed(options.publicKey ?? system.exportPublicKeyFile, '--public-key')
  return {
    publicKey: readPublicKey(file),
    keyId: needed(options.publicKeyId ?? system.exportKeyId, '--public-key-id'),
    keyVersion: needed(options.publicKeyVersion ?? system.exportKeyVersion, '--public-key-version'),
  }
}

export interface ReadOptions extends TrustOptions {
  unverified?: true
}

export function addReadOptions(command: Command): Command {
  return addTrustOptions(command).option(
    '--unverified',
    'read archives without looking at signatures',
  )
}

/** The contents of the archives, each verified unless that was waived. */
export async function* contentsOf(
  files: readonly string[],
  options: ReadOptions,
  context: Context,
): AsyncGenerator<ReadArchive, void, undefined> {
  const trust: Trust = options.unverified
    ? { publicKeys: undefined, region: options.region }
    : trustOf(files, options, context)
  for await (const archive of archivesOf(files, options, context))
    yield await readTrusted(archive, trust)
}
