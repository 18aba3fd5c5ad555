import { expect, test } from 'vitest'
import { decodePublishBodyV1alpha1, fromV1alpha1, publishResponseV1alpha1 } from './publish.ts'

test('an old publish says the same in the words of v1', () => {
  const body = {
    temporaryExposureKeys: [{ key: 'a', rollingStartNumber: 1, rollingPeriod: 2 }],
    appPackageName: 'com.example.app',
    regions: ['US', 'CA'],
    hmackey: 'AA',
    verificationPayload: 'p',
    symptomOnsetInterval: 7,
    revisionToken: 't',
    padding: 'x',
  }
  const request = decodePublishBodyV1alpha1(Buffer.from(JSON.stringify(body)), 'application/json')
  expect(fromV1alpha1(request)).toEqual({
    temporaryExposureKeys: [
      { key: 'a', rollingStartNumber: 1, rollingPeriod: 2, transmissionRisk: 0 },
    ],
    healthAuthorityID: 'com.example.app',
    verificationPayload: 'p',
    hmacKey: 'AA',
    symptomOnsetInterval: 7,
    traveler: true,
    revisionToken: 't',
    padding: 'x',
  })
  expect(fromV1alpha1({ ...request, regions: ['US'] }).traveler).toBe(false)
})

test('an old reply always holds every field, except for warnings', () => {
  expect(publishResponseV1alpha1({ padding: 'AAAA', warnings: [] })).toEqual({
    revisionToken: '',
    insertedExposures: 0,
    error: '',
    padding: 'AAAA',
  })
  expect(publishResponseV1alpha1({ warnings: ['w'] })).toMatchObject({ warnings: ['w'] })
})
