import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { addAbortSignal } from 'node:stream'

export interface RequestLimits {
  /** Its abort closes the connection of every request that has not ended. */
  signal: AbortSignal
  /** The connection is closed when an answer, or its error document, turns out longer. */
  maxAnswerBytes: number
}

const limits = new AsyncLocalStorage<RequestLimits | undefined>()

/*
 * Google's client sends its requests by node:http, and takes neither a signal nor an agent of the caller's to end them by. Node
 * tells of each request that it makes, https://nodejs.org/api/diagnostics_channel.html#http, and whose it is the context says.
 */
subscribe('http.client.request.created', (message) => {
  const own = limits.getStore()
  if (own) limit((message as { request: ClientRequest }).request, own)
})

/** Puts limits on every HTTP request that `work` comes to make, whatever library makes it. */
export function withLimits<T>(own: RequestLimits, work: () => T): T {
  return limits.run(own, work)
}

/** For what others will use, too: a token that is being fetched is not lost to all who wait for it. */
export function withoutLimits<T>(work: () => T): T {
  return limits.run(undefined, work)
}

/** Of the limits that the caller works under. */
export function currentSignal(): AbortSignal | undefined {
  return limits.getStore()?.signal
}

function limit(request: ClientRequest, { signal, maxAnswerBytes }: RequestLimits): void {
  addAbortSignal(signal, request)
  request.once('response', (response: IncomingMessage) => {
    let left = maxAnswerBytes
    response.on('data', (bytes: Buffer) => {
      left -= bytes.length
      if (left < 0) response.destroy(new Error('the answer is too long'))
    })
  })
}
