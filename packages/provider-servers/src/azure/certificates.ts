import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

type Name = 'ca.pem' | 'server.pem' | 'server.key'

/** Of servers on the loopback; the SDKs send tokens over TLS only. */
export function certificateFile(name: Name): string {
  return fileURLToPath(new URL(`../../testdata/azure-tls/${name}`, import.meta.url))
}

export function certificate(name: Name): Promise<string> {
  return readFile(certificateFile(name), 'utf8')
}
