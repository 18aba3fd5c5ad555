/** Which key signs export files, under which id and version phones know it, and until when. */
export interface SignatureInfo {
  id: number
  /** The key manager's id of a key version. */
  signingKey: string
  /** What phones look the public key up by; by convention the country's MCC, such as `310`. */
  keyId: string
  keyVersion: string
  /** Signs up to and including this moment; undefined is for ever. */
  thru: Date | undefined
}

/** An archive holds at most so many signatures. */
export const MAX_SIGNATURES = 10

/** Those that may sign at this moment, the newest first, as the format demands. */
export function liveSignatureInfos(infos: readonly SignatureInfo[], at: Date): SignatureInfo[] {
  return infos.filter(({ thru }) => thru === undefined || thru >= at).sort((a, b) => b.id - a.id)
}
