import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { publicKeyToPem } from '@ens/keys'
import { writePrivate } from './folder.ts'

/** The public half, as PEM, of the key in the file; without a file a key is made and kept there. */
export async function authorityPublicKey(privateKeyFile: string): Promise<string> {
  const pem = await readFile(privateKeyFile, 'utf8').catch(() => '')
  const privateKey = pem ? createPrivateKey(pem) : await makePrivateKey(privateKeyFile)
  return publicKeyToPem(createPublicKey(privateKey))
}

async function makePrivateKey(file: string): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await writePrivate(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  return privateKey
}
