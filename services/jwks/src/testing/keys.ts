import { generateKeyPairSync } from 'node:crypto'

export interface Jwk {
  kid?: string
  kty: string
  crv: string
  x: string
  y: string
}

/** The public half of a key that nobody else has, as an issuer lists it. */
export function freshJwk(kid?: string): Jwk {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  return { ...(kid !== undefined && { kid }), kty: 'EC', crv: 'P-256', x, y }
}
