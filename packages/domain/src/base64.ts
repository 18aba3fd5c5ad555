const EITHER_ALPHABET = /^[A-Za-z0-9+/_-]*$/
const URL_ALPHABET = /^[A-Za-z0-9_-]*$/
const LINE_BREAKS = /[\r\n]/g

/**
 * Reads base64 as phones and verification servers send it: either alphabet, any number of `=` at
 * the end, CR and LF skipped, unused bits of the last character ignored. Undefined for anything
 * else; `base64Fault` then says where.
 */
export function decodeBase64(text: string): Buffer | undefined {
  return decodeUnpadded(withoutPadding(text), EITHER_ALPHABET)
}

/** Reads a segment of a compact JWS: the URL alphabet only, no padding; CR and LF are skipped. */
export function decodeBase64Url(text: string): Buffer | undefined {
  return decodeUnpadded(text, URL_ALPHABET)
}

/** What `decodeBase64` could not read in this text; never quotes it. */
export function base64Fault(text: string): string {
  return faultIn(withoutPadding(text), EITHER_ALPHABET)
}

/** What `decodeBase64Url` could not read in this text; never quotes it. */
export function base64UrlFault(text: string): string {
  return faultIn(text, URL_ALPHABET)
}

function withoutPadding(text: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === '=') end--
  return end === text.length ? text : text.slice(0, end)
}

/** `Buffer.from` alone would skip foreign characters silently, so the alphabet is checked first. */
function decodeUnpadded(text: string, alphabet: RegExp): Buffer | undefined {
  if (alphabet.test(text)) return decodeChecked(text)
  const joined = text.replace(LINE_BREAKS, '')
  return alphabet.test(joined) ? decodeChecked(joined) : undefined
}

/** A single character left over after groups of four holds no whole byte. */
function decodeChecked(text: string): Buffer | undefined {
  return text.length % 4 === 1 ? undefined : Buffer.from(text, 'base64')
}

function faultIn(unpadded: string, alphabet: RegExp): string {
  let at = 0
  for (const character of unpadded) {
    if (!isLineBreak(character) && !alphabet.test(character)) return illegalAt(at)
    at += character.length
  }
  return illegalAt(unpadded.length - 1)
}

function isLineBreak(character: string): boolean {
  return character === '\r' || character === '\n'
}

function illegalAt(byte: number): string {
  return `illegal base64 data at input byte ${byte}`
}
