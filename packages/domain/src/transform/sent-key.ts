/** A key as a phone sends it, under the names of the wire; nothing about it has been checked. */
export interface SentKey {
  /** Base64, verbatim: a certificate covers this very text. */
  key: string
  /** The interval number. */
  rollingStartNumber: number
  /** The interval count. */
  rollingPeriod: number
  /** Signed 64 bits; a bigint where a number would be inexact. 0 if it was not sent. */
  transmissionRisk: number | bigint
}
