import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'

const SIGNATURES = 64
/** About as long as the signed part of a certificate. */
const SIGNED_BYTES = 420

/** How many ES256 signatures one core checks in a second, with nothing around it. */
export function verificationsPerSecond(forMs: number): number {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
  const signed = Array.from({ length: SIGNATURES }, () => {
    const text = randomBytes(SIGNED_BYTES)
    return { text, signature: sign('sha256', text, { ...key, key: privateKey }) }
  })
  const startedAt = performance.now()
  let checked = 0
  while (performance.now() - startedAt < forMs) {
    for (const { text, signature } of signed)
      if (!verify('sha256', text, key, signature)) throw new Error('a good signature was refused')
    checked += SIGNATURES
  }
  return (checked * 1000) / (performance.now() - startedAt)
}
