import type { PublishReply, PublishRequest } from '@ens/api'
import { revisionTokenInvalid, revisionTokenMissing } from '@ens/api'
import type { VerifiedClaims } from '@ens/domain'
import type { ExportKey } from '@ens/export-file'

/** The token that every publish is answered with, and every revision must bring along. */
const TOKEN = 'dG9rZW4='

/** The keys of a fake key server, as an archive would hold them all. */
export interface FakeStore {
  keys: ExportKey[]
  revisedKeys: ExportKey[]
  /** Stores new keys, revises known ones, and leaves out new ones of a negative test, as the real service does. */
  take(request: PublishRequest, claims: VerifiedClaims): PublishReply
}

export function fakeStore(): FakeStore {
  const keys: ExportKey[] = []
  const revisedKeys: ExportKey[] = []
  return {
    keys,
    revisedKeys,
    take(request, claims) {
      const sent = toExportKeys(request, claims)
      const known = sent.filter((one) => keys.some(({ key }) => Buffer.from(key).equals(one.key)))
      if (known.length > 0) refuseWithoutToken(request)
      const fresh =
        claims.reportType === 'negative' ? [] : sent.filter((one) => !known.includes(one))
      keys.push(...fresh)
      revisedKeys.push(...known)
      return { insertedExposures: fresh.length, revisionToken: TOKEN }
    },
  }
}

function refuseWithoutToken({ revisionToken }: PublishRequest): void {
  if (revisionToken === '') throw revisionTokenMissing()
  if (revisionToken !== TOKEN) throw revisionTokenInvalid()
}

function toExportKeys({ temporaryExposureKeys }: PublishRequest, claims: VerifiedClaims) {
  return temporaryExposureKeys.map((sent) => ({
    key: Buffer.from(sent.key, 'base64'),
    transmissionRisk: Number(sent.transmissionRisk),
    intervalNumber: sent.rollingStartNumber,
    intervalCount: sent.rollingPeriod,
    reportType: claims.reportType,
    daysSinceSymptomOnset: undefined,
  }))
}
