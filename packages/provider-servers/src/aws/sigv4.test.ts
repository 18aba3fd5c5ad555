import { describe, expect, test } from 'vitest'
import { type SignedRequest, type SigningParty, signatureFault } from './sigv4.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, its examples */
const S3: SigningParty = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
  service: 's3',
}
const MAY_2013 = new Date('2013-05-24T00:00:00Z')
const SCOPE = 'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'

const getObject: SignedRequest = {
  method: 'GET',
  target: '/test.txt',
  headers: {
    host: 'examplebucket.s3.amazonaws.com',
    range: 'bytes=0-9',
    'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'x-amz-date': '20130524T000000Z',
    authorization: `${SCOPE},SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41`,
  },
  body: Buffer.alloc(0),
}
const putObject: SignedRequest = {
  method: 'PUT',
  target: '/test%24file.text',
  headers: {
    host: 'examplebucket.s3.amazonaws.com',
    date: 'Fri, 24 May 2013 00:00:00 GMT',
    'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    'x-amz-date': '20130524T000000Z',
    'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    authorization: `${SCOPE},SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd`,
  },
  body: Buffer.from('Welcome to Amazon S3.'),
}
const listObjects: SignedRequest = {
  method: 'GET',
  target: '/?max-keys=2&prefix=J',
  headers: {
    host: 'examplebucket.s3.amazonaws.com',
    'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'x-amz-date': '20130524T000000Z',
    authorization: `${SCOPE},SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7`,
  },
  body: Buffer.alloc(0),
}

test.each([
  ['a download', getObject],
  ['an upload', putObject],
  ['a query', listObjects],
])('the documented signature of %s is good', (_, request) => {
  expect(signatureFault(request, S3, MAY_2013)).toBeUndefined()
})

describe('a signature is not good', () => {
  const changed = (change: Partial<SignedRequest>, headers: SignedRequest['headers'] = {}) =>
    signatureFault(
      { ...putObject, ...change, headers: { ...putObject.headers, ...headers } },
      S3,
      MAY_2013,
    )

  test('for another method, path, query, header or body', () => {
    expect(changed({ method: 'DELETE' })).toBe('wrong')
    expect(changed({ target: '/other' })).toBe('wrong')
    expect(changed({ target: '/test%24file.text?acl' })).toBe('wrong')
    expect(changed({}, { host: 'other.s3.amazonaws.com' })).toBe('wrong')
    expect(changed({}, { 'x-amz-storage-class': 'STANDARD' })).toBe('wrong')
    expect(changed({ body: Buffer.from('Farewell') })).toBe('wrong-payload')
    expect(changed({}, { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' })).toBe('wrong')
  })

  test('if a header that AWS acts on is not signed', () => {
    expect(changed({}, { 'x-amz-acl': 'public-read' })).toBe('malformed')
  })

  test('if it is missing or no signature', () => {
    const { authorization, ...headers } = putObject.headers
    expect(signatureFault({ ...putObject, headers }, S3, MAY_2013)).toBe('missing')
    expect(changed({}, { authorization: `${String(authorization)}0` })).toBe('malformed')
    expect(changed({}, { authorization: 'Bearer x' })).toBe('malformed')
  })

  test('by another key, for another service or region, or of another time', () => {
    const other = (party: Partial<SigningParty>) =>
      signatureFault(putObject, { ...S3, ...party }, MAY_2013)
    expect(other({ secretAccessKey: 'another' })).toBe('wrong')
    expect(other({ accessKeyId: 'another' })).toBe('unknown-key')
    expect(other({ service: 'kms' })).toBe('malformed')
    expect(other({ region: 'eu-central-1' })).toBe('malformed')
    const at = (time: string) => signatureFault(putObject, S3, new Date(time))
    expect(at('2013-05-24T00:15:00Z')).toBeUndefined()
    expect(at('2013-05-24T00:15:01Z')).toBe('expired')
    expect(at('2013-05-23T23:44:59Z')).toBe('expired')
  })
})
