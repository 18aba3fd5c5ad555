import { sendJson } from './raw-json.ts'

/** Byte for byte what phones have always been told; there is a blank after the colon. */
const BODY = Buffer.from('{"error": "please try again later"}')

/** The 429 of this API: no code, no version, no padding. */
export function sendTryLater(reply: Parameters<typeof sendJson>[0], seconds: number): unknown {
  return sendJson(reply, 429, BODY, { 'retry-after': String(seconds) })
}
