import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { fakeSystem } from './testing/fake-system.ts'
import { alone, within } from './testing/run-phone.ts'

const testdata = (name: string) => fileURLToPath(new URL(`../testdata/${name}`, import.meta.url))
const EXAMPLE = testdata('testExport-2-records-1-of-1.zip')
const EXAMPLE_KEY = 'Fy/EgOWYSQw0F3YEM5sVQw=='
const EXAMPLE_SIGNER = [
  ...['--public-key', testdata('public.pem')],
  ...['--public-key-id', 'some_id', '--public-key-version', '1'],
]

describe('with a demo system, a phone needs no arguments', () => {
  test('to publish, and to find its keys in the archives', async () => {
    await using system = await fakeSystem()

    const published = await within(system, 'publish', '--json')
    const keys = join(system.folder, 'published.json')
    writeFileSync(keys, published.out)
    const found = await within(system, 'find', '--keys', keys)

    expect(published).toMatchObject({ status: 0, err: '' })
    expect(JSON.parse(published.out)).toMatchObject({
      status: 200,
      accepted: true,
      reply: { insertedExposures: 14, revisionToken: 'dG9rZW4=' },
    })
    expect(found.status).toBe(0)
    expect(found.out.split('\n')).toHaveLength(14)
    expect(found.out).not.toContain('not found')
  })

  test('to verify and list what the index names', async () => {
    await using system = await fakeSystem()
    await within(system, 'publish', '--days', '2', '--report-type', 'likely')

    const verified = await within(system, 'verify')
    const listed = await within(system, 'list', '--json')

    expect(verified).toMatchObject({
      status: 0,
      out: 'verified      us/1589400000-1589414400-00001.zip  region US  2020-05-13T20:00:00Z to 2020-05-14T00:00:00Z  2 keys, 0 revised  signed by 310 v1',
    })
    expect(JSON.parse(listed.out)).toMatchObject({
      archive: 'us/1589400000-1589414400-00001.zip',
      region: 'US',
      signedBy: ['310 v1'],
      temporaryExposureKeys: [{ reportType: 'likely' }, { reportType: 'likely' }],
      revisedKeys: [],
    })
  })
})

describe('phone publish', () => {
  test('says what it is told to', async () => {
    await using system = await fakeSystem()
    const words = ['--report-type', 'user-report', '--onset', '2026-11-20', '--traveler']

    const { status, out } = await within(
      system,
      ...['publish', ...words, '--revision-token', 'AAAA', '--days', '3', '--no-today'],
    )

    expect(status).toBe(0)
    expect(out).toMatch(/^keys: {"temporaryExposureKeys":\[{"key":"/)
    expect(out).toContain('\nreply: 200, 3 new keys stored\nrevision token: dG9rZW4=')
    expect(system.published).toMatchObject([
      {
        claims: { reportType: 'user-report', symptomOnsetInterval: 2_991_888 },
        request: { symptomOnsetInterval: 2_991_888, traveler: true, revisionToken: 'AAAA' },
      },
    ])
    const ends = system.published[0]?.request.temporaryExposureKeys.map(
      (key) => (key.rollingStartNumber + key.rollingPeriod) * 600_000,
    )
    expect(Math.max(...(ends ?? []))).toBe(Date.parse('2026-11-22T00:00:00Z'))
  })

  test('sends given keys as they are', async () => {
    await using system = await fakeSystem()

    const { status } = await within(system, 'publish', '--keys', testdata('keys.json'))

    expect(status).toBe(0)
    expect(system.published[0]?.request.temporaryExposureKeys).toEqual(
      JSON.parse(readFileSync(testdata('keys.json'), 'utf8')).temporaryExposureKeys,
    )
  })

  test('sends a certificate that was made before', async () => {
    await using system = await fakeSystem()
    const keys = ['--keys', testdata('keys.json')]
    const made = await within(system, 'certificate', ...keys, '--json')
    const { verificationPayload, hmacKey } = JSON.parse(made.out)

    const { status } = await within(
      system,
      ...['publish', ...keys],
      ...['--verification-payload', verificationPayload, '--hmac-key', hmacKey],
    )

    expect(made.status).toBe(0)
    expect(status).toBe(0)
  })

  test('tells of a negative test, whose keys are accepted and not stored', async () => {
    await using system = await fakeSystem()

    const { status, out } = await within(system, 'publish', '--report-type', 'negative')

    expect(status).toBe(0)
    expect(out).toContain('\nreply: 200, 0 new keys stored\n')
    expect(system.published).toMatchObject([{ claims: { reportType: 'negative' } }])
  })

  test('is told of a refusal, and ends with status 1', async () => {
    await using system = await fakeSystem()

    const { status, out } = await within(system, 'publish', '--issuer', 'impostor.example')

    expect(status).toBe(1)
    expect(out).toContain(
      'reply: 401, refused: health_authority_verification_certificate_invalid: ',
    )
  })

  test('may go without a certificate', async () => {
    await using system = await fakeSystem()

    const { status, out } = await within(system, 'publish', '--no-certificate')

    expect(status).toBe(1)
    expect(out).toContain('reply: 401, refused')
  })

  test('never prints a private key or the HMAC key', async () => {
    await using system = await fakeSystem()
    const secret = readFileSync(join(system.folder, 'private.pem'), 'utf8').split('\n')[1] ?? '-'

    const { out, err } = await within(system, 'publish', '--debug')

    expect(out + err).not.toContain(secret)
    expect(out + err).not.toContain(system.published[0]?.request.hmacKey)
  })
})

describe('phone certificate', () => {
  test('needs only the HMAC of the keys', async () => {
    await using system = await fakeSystem()

    const { status, out } = await within(system, 'certificate', '--tekmac', 'AAAA')

    expect(status).toBe(0)
    expect(out).toMatch(/^verificationPayload: [\w-]+\.[\w-]+\.[\w-]+$/)
    const claims = Buffer.from(out.split('.')[1] ?? '', 'base64url').toString()
    expect(JSON.parse(claims)).toMatchObject({ iss: 'gov.example', tekmac: 'AAAA' })
  })

  test('needs either that or the keys', async () => {
    await using system = await fakeSystem()

    expect(await within(system, 'certificate')).toMatchObject({
      status: 2,
      err: 'phone: either --keys or --tekmac is needed (phone_input_unusable)',
    })
  })
})

describe('phone download', () => {
  test('keeps what is new, and remembers it', async () => {
    await using system = await fakeSystem()
    const to = join(system.folder, 'downloaded')
    const words = ['download', '--to', to, '--state', join(system.folder, 'state', 'seen.json')]
    const before = await within(system, ...words)
    await within(system, 'publish')

    const first = await within(system, ...words)
    const second = await within(system, ...words)

    const file = join(to, 'us/1589400000-1589414400-00001.zip')
    expect(before).toMatchObject({ status: 0, out: 'nothing new' })
    expect(first.out).toMatch(`${file}  `)
    expect(second).toMatchObject({ status: 0, out: 'nothing new' })
    expect(existsSync(file)).toBe(true)
    expect(await within(system, 'verify', file)).toMatchObject({ status: 0 })
  })

  test('takes nothing of another region', async () => {
    await using system = await fakeSystem()
    await within(system, 'publish')

    const { status, err } = await within(
      system,
      ...['download', '--region', 'MX', '--to', join(system.folder, 'downloaded')],
    )

    expect(status).toBe(1)
    expect(err).toContain('is for region "US", not for "MX" (phone_wrong_region)')
    expect(existsSync(join(system.folder, 'downloaded'))).toBe(false)
  })

  test('refuses a state file that is something else', async () => {
    await using system = await fakeSystem()

    const { status, err } = await within(system, 'download', '--state', `${system.demoFile}/x`)
    const other = await within(system, 'download', '--state', testdata('keys.json'))

    expect(status).toBe(2)
    expect(err).toContain('ENOTDIR')
    expect(other).toMatchObject({ status: 2, err: expect.stringContaining('phone_input_unusable') })
  })
})

describe('phone find', () => {
  test('ends with status 1 if a key is in no archive', async () => {
    const words = ['--archive', EXAMPLE, ...EXAMPLE_SIGNER]
    const missing = 'AAAAAAAAAAAAAAAAAAAAAA=='

    expect(await alone('find', EXAMPLE_KEY, ...words)).toEqual({
      status: 0,
      out: `${EXAMPLE_KEY}  ${EXAMPLE}`,
      err: '',
    })
    expect(await alone('find', EXAMPLE_KEY, missing, ...words)).toEqual({
      status: 1,
      out: `${EXAMPLE_KEY}  ${EXAMPLE}\n${missing}  not found`,
      err: '',
    })
  })

  test('wants keys', async () => {
    expect(await alone('find', 'short')).toMatchObject({
      status: 2,
      err: expect.stringContaining('An exposure key is 16 bytes in base64.'),
    })
    expect(await alone('find')).toMatchObject({ status: 2 })
  })
})

describe('trust', () => {
  test('is needed to list an archive, unless it is waived', async () => {
    const trusting = await alone('list', EXAMPLE)
    const waived = await alone('list', EXAMPLE, '--unverified')

    expect(trusting).toMatchObject({ status: 2, out: '' })
    expect(trusting.err).toContain('--public-key is needed')
    expect(waived.status).toBe(0)
    expect(waived.out).toContain('NOT VERIFIED')
  })

  test('of the demo system does not reach the archives of others', async () => {
    await using system = await fakeSystem()

    const { status, err } = await within(system, 'list', EXAMPLE)

    expect(status).toBe(1)
    expect(err).toContain('key id "some_id" version "1": unknown-key')
  })

  test('in one archive of several is reported for each', async () => {
    const broken = testdata('keys.json')

    const { status, out } = await alone('verify', EXAMPLE, broken, EXAMPLE, ...EXAMPLE_SIGNER)

    expect(status).toBe(1)
    expect(out.split('\n').map((line) => line.slice(0, 12))).toEqual([
      'verified    ',
      'NOT VERIFIED',
      'verified    ',
    ])
  })
})

describe('trouble ends with status 2, one line and no stack:', () => {
  test.each([
    ['an unknown command', ['fly'], "error: unknown command 'fly'"],
    ['an unknown option', ['publish', '--fly'], "error: unknown option '--fly'"],
    [
      'an unknown report type',
      ['publish', '--report-type', 'ill'],
      'Allowed choices are confirmed',
    ],
    ['no number of days', ['publish', '--days', 'many'], 'A number of days from 1 to 1000'],
    ['no onset', ['publish', '--onset', 'monday'], 'Write 2026-11-20'],
    ['no timeout', ['publish', '--timeout', '-1'], 'A number of seconds is needed.'],
    ['no base64', ['certificate', '--tekmac', '!'], 'Base64 is needed.'],
    ['an argument that nothing says', ['verify'], '--public-key is needed'],
    ['no keys to revise', ['revise'], "required option '--keys <file>' not specified"],
    ['nowhere to send chaff', ['chaff'], '--url is needed'],
    ['nobody to ask for statistics', ['stats'], '--url is needed'],
    ['half a certificate', ['publish', '--hmac-key', 'AAAA'], 'go together'],
    ['a file that is not there', ['publish', '--keys', '/none'], '/none cannot be read: ENOENT'],
    ['keys that are none', ['publish', '--keys', testdata('public.pem')], 'is not JSON'],
    [
      'a private key that is public',
      ['publish', '--private-key', testdata('public.pem')],
      'private P-256',
    ],
    ['no demo system', ['publish', '--demo', '/none.json'], '/none.json cannot be read'],
  ])('%s', async (_, words, message) => {
    const issuer = ['--issuer', 'x', '--audience', 'x', '--key-id', 'x']
    const more = words.includes('--private-key') ? issuer : []

    const { status, err, out } = await alone(...words, ...more)

    expect(status).toBe(2)
    expect(err).toContain(message)
    expect(out).toBe('')
    expect(err).not.toMatch(/^ +at /m)
  })

  test('a server that is not there', async () => {
    const closed = await fakeSystem()
    const demo = readFileSync(closed.demoFile, 'utf8')
    await closed[Symbol.asyncDispose]()
    await using system = await fakeSystem()
    writeFileSync(system.demoFile, demo)

    const { status, err } = await within(system, 'find', EXAMPLE_KEY)

    expect(status).toBe(2)
    expect(err).toMatch(/ECONNREFUSED \(phone_server_unreachable\)$/)
  })

  test('with --debug it says where it comes from', async () => {
    const { err } = await alone('publish', '--keys', '/none', '--debug')

    expect(err).toMatch(/^ +at /m)
    expect(err).toContain('caused by')
  })
})

test('help is an answer', async () => {
  const { status, out } = await alone('--help')

  expect(status).toBe(0)
  expect(out).toContain('Usage: phone')
})
