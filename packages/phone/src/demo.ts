import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { inputUnusable } from './errors.ts'

const demoSchema = z
  .object({
    publishUrl: z.string(),
    statsUrl: z.string(),
    healthAuthorityID: z.string(),
    issuer: z.string(),
    audience: z.string(),
    keyId: z.string(),
    privateKeyFile: z.string(),
    region: z.string(),
    indexUrl: z.string(),
    exportRootUrl: z.string(),
    exportPublicKeyFile: z.string(),
    exportKeyId: z.string(),
    exportKeyVersion: z.string(),
  })
  .partial()

/** What a phone and its verification server need to know of a system; whatever is missing must be an argument. */
export type Demo = z.output<typeof demoSchema>

/** Reads a description that `start` has written. Paths in it count from its own folder. */
export function readDemo(file: string): Demo {
  const demo = demoSchema.safeParse(parse(file))
  if (!demo.success) throw inputUnusable(`${file} does not describe a demo system`)
  const { privateKeyFile, exportPublicKeyFile, ...rest } = demo.data
  const path = (name: string) => resolve(dirname(file), name)
  return {
    ...rest,
    ...(privateKeyFile && { privateKeyFile: path(privateKeyFile) }),
    ...(exportPublicKeyFile && { exportPublicKeyFile: path(exportPublicKeyFile) }),
  }
}

/** As `readDemo`; a file that does not exist describes nothing. */
export function readDemoIfAny(file: string): Demo {
  return existsSync(file) ? readDemo(file) : {}
}

function parse(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw inputUnusable(`${file} cannot be read as JSON`, { cause })
  }
}
