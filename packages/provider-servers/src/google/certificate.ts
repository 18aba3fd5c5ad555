import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { fileURLToPath } from 'node:url'

const path = (name: string) =>
  fileURLToPath(new URL(`../../testdata/google-tls/${name}`, import.meta.url))

/** For `NODE_EXTRA_CA_CERTS` of a process that is to trust the servers. */
export const GOOGLE_TEST_CA_FILE: string = path('ca.pem')

export const serverCertificate = () => ({
  cert: readFileSync(path('server.pem')),
  key: readFileSync(path('server.key')),
})

/** From now on this process trusts the servers, whatever library it reaches them with. */
export function trustGoogleTestServers(): void {
  const ours = readFileSync(GOOGLE_TEST_CA_FILE, 'utf8')
  setDefaultCACertificates([...getCACertificates('default'), ours])
}
