import { createPublicKey, randomBytes, verify } from 'node:crypto'
import { fastify } from 'fastify'
import pg from 'pg'
import { barePublish } from './bare-publish.ts'
import type { BareServerSettings } from './bare-service.ts'

// A publish by libraries alone: the body parsed, the certificate's signature checked, the statement sent, as much answered; nothing
// else is checked, nothing sealed, logged or counted. Ends with its starter.

process.on('disconnect', () => process.exit())

/** About as long as the service's. */
const REPLY = { revisionToken: 'A'.repeat(1244), padding: randomBytes(1536).toString('base64') }

process.once('message', (settings: BareServerSettings) => void serve(settings))

async function serve(settings: BareServerSettings): Promise<void> {
  const { url, connections, publicKey, healthAuthorityId } = settings
  const pool = new pg.Pool({ connectionString: url, max: connections })
  const { text, values, arrivalAt } = await barePublish(healthAuthorityId, new Date())
  const keysAt = values.findIndex((value) => Array.isArray(value) && Buffer.isBuffer(value[0]))
  if (keysAt < 0 || arrivalAt < 0) throw new Error('the statement has its values in another form')
  const key = { key: createPublicKey(publicKey), dsaEncoding: 'ieee-p1363' } as const
  const app = fastify()
  app.post<{ Body: Body }>('/v1/publish', async ({ body }) => {
    if (!(await isSigned(body.verificationPayload, key))) throw new Error('no good signature')
    const keys = body.temporaryExposureKeys.map((sent) => Buffer.from(sent.key, 'base64'))
    const current = values.with(keysAt, keys).with(arrivalAt, new Date())
    await pool.query({ name: 'publish', text, values: current })
    return REPLY
  })
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  process.send?.(Number(new URL(address).port))
}

interface Body {
  temporaryExposureKeys: { key: string }[]
  verificationPayload: string
}

function isSigned(token: string, key: Parameters<typeof verify>[2]): Promise<boolean> {
  const end = token.lastIndexOf('.')
  const signature = Buffer.from(token.slice(end + 1), 'base64url')
  return new Promise((resolve, reject) => {
    verify('sha256', Buffer.from(token.slice(0, end)), key, signature, (error, isValid) =>
      error ? reject(error) : resolve(isValid),
    )
  })
}
