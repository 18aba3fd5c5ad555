import { Agent, request } from 'node:http'

export interface Answer {
  status: number
  /** From the last byte of the request to the first of the reply. */
  latencyMs: number
  bodyBytes: number
}

const agent = new Agent({ keepAlive: true, maxSockets: 256 })

/** Sends one body, as chaff or as a publish, and measures the reply. */
export function send(port: number, body: Buffer, isChaff: boolean): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': body.length,
      'user-agent': 'bench',
      ...(isChaff && { 'x-chaff': '1' }),
    }
    let sentAt = 0
    const options = { host: '127.0.0.1', port, method: 'POST', path: '/v1/publish', headers, agent }
    const sent = request(options, (reply) => {
      const latencyMs = performance.now() - sentAt
      let bodyBytes = 0
      reply.on('data', (chunk: Buffer) => {
        bodyBytes += chunk.length
      })
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, latencyMs, bodyBytes }))
    })
    sent.on('error', reject)
    sent.end(body)
    sentAt = performance.now()
  })
}

export function hangUp(): void {
  agent.destroy()
}
