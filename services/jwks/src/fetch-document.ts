import { type LookupAddress, lookup as systemLookup } from 'node:dns'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { isAppError } from '@ens/errors'
import {
  jwksAddressRefused,
  jwksRedirectRefused,
  jwksTooLarge,
  jwksUnreachable,
  jwksWrongStatus,
} from './errors.ts'

export interface FetchOptions {
  /** Longest that all of it may take. */
  timeoutMs: number
  maxBytes: number
  /** Whether an IP address may be connected to. */
  isAllowed: (address: string) => boolean
  signal: AbortSignal
  /** How names are turned into addresses: as the system does, unless a test stands in. */
  lookup?: LookupFunction
}

const MOST_REDIRECTS = 3
const REDIRECTS = new Set([301, 302, 303, 307, 308])
const HEADERS = {
  accept: 'application/jwk-set+json, application/json',
  'accept-encoding': 'identity',
  'user-agent': 'exposure-notifications-key-server',
}

/**
 * What a URL leads to, as bytes. The URL comes from outside, so neither it nor its server is trusted: only http and https, a few
 * redirects (none from https to http), only addresses that are allowed, at every hop, so many bytes, so much time. The errors
 * name no URL, which may hold a password.
 */
export async function fetchDocument(address: string, options: FetchOptions): Promise<Buffer> {
  const deadline = AbortSignal.timeout(options.timeoutMs)
  const signal = AbortSignal.any([options.signal, deadline])
  try {
    return await follow(webAddress(address), { ...options, signal })
  } catch (error) {
    if (isAppError(error)) throw error
    if (options.signal.aborted) throw jwksUnreachable('the run ended first', { cause: error })
    if (!deadline.aborted) throw unreachable(error)
    throw jwksUnreachable(`it did not send the whole document within ${options.timeoutMs} ms`)
  }
}

async function follow(address: URL, options: FetchOptions): Promise<Buffer> {
  let url = address
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const found = await get(url, options)
    if (!(found instanceof URL)) return found
    url = found
  }
  throw jwksRedirectRefused(`it redirects more than ${MOST_REDIRECTS} times`)
}

/** The document, or where it has gone. */
async function get(url: URL, options: FetchOptions): Promise<Buffer | URL> {
  const response = await send(url, options)
  try {
    const { statusCode = 0, headers } = response
    if (REDIRECTS.has(statusCode)) return redirected(url, headers.location)
    if (statusCode !== 200) throw jwksWrongStatus(`it answered ${statusCode} instead of 200`)
    return await readAll(response, options.maxBytes)
  } finally {
    response.destroy()
  }
}

function send(url: URL, options: FetchOptions): Promise<IncomingMessage> {
  const { isAllowed, lookup = systemLookup, signal } = options
  checkHost(url, isAllowed)
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? https : http).get(url, {
      // A connection of its own: one that is kept open has not been checked for this request.
      agent: false,
      headers: HEADERS,
      lookup: onlyAllowed(lookup, isAllowed),
      signal,
    })
    request.on('response', resolve)
    request.on('error', reject)
    // A server may hang up, or switch protocols, without an answer.
    request.on('close', () => reject(new Error('closed without an answer')))
  })
}

/** A host that is an address is connected to without a look-up. */
function checkHost({ hostname }: URL, isAllowed: FetchOptions['isAllowed']): void {
  const host = hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) > 0 && !isAllowed(host)) throw addressNotAllowed()
}

/**
 * Leaves only the allowed addresses of a name. The connection is made to what is left and to nothing else; a check before it,
 * by a look-up of its own, would be deceived by a name that resolves differently the second time.
 */
function onlyAllowed(lookup: LookupFunction, isAllowed: FetchOptions['isAllowed']): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '')
      const addresses = (found as LookupAddress[]).filter(({ address }) => isAllowed(address))
      const [first] = addresses
      if (!first) return callback(addressNotAllowed(), '')
      if (options.all) return callback(null, addresses)
      return callback(null, first.address, first.family)
    })
  }
}

function addressNotAllowed() {
  return jwksAddressRefused('it leads to a private address; JWKS_ALLOW_PRIVATE_ADDRESSES is off')
}

function redirected(from: URL, location: string | undefined): URL {
  const to = location !== undefined && URL.parse(location, from)
  if (!to) throw jwksRedirectRefused('it redirects to nowhere')
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw jwksRedirectRefused('it redirects from https to http')
  }
  return webAddress(to.href)
}

function webAddress(text: string): URL {
  const url = URL.parse(text.trim())
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url
  throw jwksAddressRefused('it is no http or https URL')
}

async function readAll(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBytes) throw jwksTooLarge(`the document is longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Node's own words name at most the host. */
function unreachable(cause: unknown) {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const reason = typeof code === 'string' ? code : 'it broke off'
  return jwksUnreachable(`it cannot be reached (${reason})`, { cause })
}
