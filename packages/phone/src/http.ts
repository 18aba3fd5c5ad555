import { responseTooLarge, serverOutOfReach } from './errors.ts'

/** How long a server may take for a whole answer, and how large it may be. */
export interface HttpLimits {
  timeoutMs: number
  maxBytes: number
  signal?: AbortSignal
}

export interface Answer {
  status: number
  body: Buffer
}

/** One request, its answer read whole. Throws if there is none in time, or if it is too large; any status is an answer. */
export async function request(url: string, init: RequestInit, limits: HttpLimits): Promise<Answer> {
  const timeout = AbortSignal.timeout(limits.timeoutMs)
  const signal = limits.signal ? AbortSignal.any([limits.signal, timeout]) : timeout
  try {
    const response = await fetch(url, { ...init, signal })
    return { status: response.status, body: await readBody(response, limits.maxBytes, url) }
  } catch (cause) {
    throw translate(cause, url, limits)
  }
}

async function readBody(response: Response, maxBytes: number, url: string): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of response.body ?? []) {
    length += piece.length
    // Leaving the loop cancels the rest.
    if (length > maxBytes) throw responseTooLarge(`${url} sent more than ${maxBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** Fetch fails with a TypeError whose cause, if any, has the system's code. */
function translate(cause: unknown, url: string, { timeoutMs, signal }: HttpLimits): unknown {
  if (signal?.aborted) return signal.reason
  if (cause instanceof DOMException && cause.name === 'TimeoutError')
    return serverOutOfReach(`no answer from ${url} within ${timeoutMs / 1000} s`, { cause })
  if (cause instanceof TypeError) return serverOutOfReach(`${url}: ${reason(cause)}`, { cause })
  return cause
}

function reason(error: TypeError): string {
  const { cause } = error
  if (!(cause instanceof Error)) return error.message
  return 'code' in cause ? String(cause.code) : cause.message
}
