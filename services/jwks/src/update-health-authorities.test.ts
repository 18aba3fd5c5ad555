import { loadConfig } from '@ens/config'
import { healthAuthorities, sql } from '@ens/database'
import { type TestDatabase, testDatabase } from '@ens/database/testing'
import type { HealthAuthorityKey } from '@ens/domain'
import { recordingLogger } from '@ens/observability/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type JwksSettings, jwksSettings } from './config.ts'
import { jwksEvents } from './events.ts'
import { type Issuer, startIssuer } from './testing/issuer.ts'
import { freshJwk } from './testing/keys.ts'
import { jwksVectors } from './testing/vectors.ts'
import { type UpdateDeps, updateHealthAuthorities } from './update-health-authorities.ts'

const NOON = new Date('2020-10-05T12:00:00Z')
const DAY_MS = 86_400_000
const daysAgo = (days: number) => new Date(NOON.getTime() - days * DAY_MS)

let db: TestDatabase
let issuer: Issuer
let deps: UpdateDeps
let lines: object[]

beforeAll(async () => {
  db = await testDatabase()
  issuer = await startIssuer()
})
afterAll(async () => {
  await issuer.close()
  await db.close()
})
beforeEach(async () => {
  await db.execute(sql`delete from health_authority_key`)
  await db.execute(sql`delete from health_authority`)
  const recording = await recordingLogger()
  lines = recording.lines
  deps = {
    db,
    settings: { ...loadConfig(jwksSettings, {}), allowsPrivateAddresses: true },
    now: () => NOON,
    random: (limit) => limit - 1,
    events: jwksEvents(recording.logger),
  }
})

function update(overrides: Partial<JwksSettings> = {}, signal = new AbortController().signal) {
  return updateHealthAuthorities({ ...deps, settings: { ...deps.settings, ...overrides } }, signal)
}

/** What went wrong, one sentence for each authority. */
async function failures(run: Promise<unknown>): Promise<string[]> {
  const error = await run.catch((error: unknown) => error)
  expect(error).toBeInstanceOf(AggregateError)
  return (error as AggregateError).errors.map(({ message }) => message)
}

function addAuthority(issuerName: string, jwksUri = issuer.url(`/${issuerName}`)): Promise<number> {
  const settings = { audience: 'keyserver', name: issuerName, enableStats: true }
  return healthAuthorities.insert(db, { ...settings, issuer: issuerName, jwksUri })
}

async function addKey(id: number, key: Partial<HealthAuthorityKey>): Promise<void> {
  const whole = { version: 'v0', publicKey: 'PEM', from: daysAgo(60), thru: undefined, ...key }
  await healthAuthorities.insertKey(db, id, whole)
}

const keysOf = async (id: number) => (await healthAuthorities.find(db, id))?.keys ?? []
const versionsOf = async (id: number) => (await keysOf(id)).map(({ version }) => version)

test.each(jwksVectors.updateCases)('$name: $description', async (example) => {
  const id = await addAuthority('gov.example')
  const stored = example.databaseKeys.map(({ version, publicKeyPem, from, thru }) => ({
    version,
    publicKey: publicKeyPem,
    from: new Date(from),
    thru: thru === null ? undefined : new Date(thru),
  }))
  for (const key of stored) await addKey(id, key)
  issuer.answer('/gov.example', (_, response) =>
    response.writeHead(example.httpStatus ?? 200).end(example.responseBody ?? ''),
  )

  const error = await update().then(
    () => null,
    (error: unknown) => error,
  )

  const { revokedVersions, insertedVersions, error: expected } = example.wanted ?? example.expect
  const after = await keysOf(id)
  const lives = ({ publicKey, thru }: HealthAuthorityKey) =>
    after.some((key) => key.publicKey === publicKey && key.thru?.getTime() === thru?.getTime())
  const isKnown = ({ publicKey }: HealthAuthorityKey) =>
    stored.some((key) => key.publicKey === publicKey)
  const revoked = stored.filter((key) => !lives(key)).map(({ version }) => version)
  const inserted = after.filter((key) => !isKnown(key)).map(({ version }) => version)
  expect({ revoked, inserted }).toEqual({ revoked: revokedVersions, inserted: insertedVersions })
  expect(error === null).toBe(expected === null)
})

test('keys that are found are valid from now, and those that are missed end now', async () => {
  const id = await addAuthority('gov.example')
  await addKey(id, { version: 'old' })
  issuer.publish('/gov.example', { keys: [freshJwk('v1'), freshJwk('v2')] })
  expect(await update()).toEqual({ authorities: 1, inserted: 2, revoked: 1, purged: 0 })
  expect((await keysOf(id)).map(({ version, from, thru }) => [version, from, thru])).toEqual([
    ['old', daysAgo(60), NOON],
    ['v1', NOON, undefined],
    ['v2', NOON, undefined],
  ])
})

test('a run that finds nothing new writes nothing, so that no instance reads its configuration again', async () => {
  await addAuthority('gov.example')
  issuer.publish('/gov.example', [freshJwk('v1')])
  await update()
  const version = () => db.query(sql`select version from configuration_version`)
  const before = await version()
  expect(await update()).toEqual({ authorities: 1, inserted: 0, revoked: 0, purged: 0 })
  expect(await version()).toEqual(before)
})

test('keys that ended long ago are purged, but not while they are still listed', async () => {
  const id = await addAuthority('gov.example')
  const [one, two] = [freshJwk('v1'), freshJwk('v2')]
  issuer.publish('/gov.example', [one, two])
  await update()
  const key = { version: 'v1', from: daysAgo(60), thru: daysAgo(31) }
  await healthAuthorities.updateKeyValidity(db, id, key)
  expect(await update()).toMatchObject({ purged: 0 })
  issuer.publish('/gov.example', [two])
  expect(await update()).toMatchObject({ inserted: 0, revoked: 0, purged: 1 })
  expect(await versionsOf(id)).toEqual(['v2'])
})

test('a kid that is used again verifies with its new key at once; the old one stays known as ended', async () => {
  const id = await addAuthority('gov.example')
  const [first, second] = [freshJwk('v1'), freshJwk('v1')]
  issuer.publish('/gov.example', [first])
  await update()
  const [{ publicKey = '' } = {}] = await keysOf(id)
  issuer.publish('/gov.example', [second])
  expect(await update()).toMatchObject({ inserted: 1, revoked: 1 })
  const [current, former] = await keysOf(id)
  expect(current).toMatchObject({ version: 'v1', thru: undefined })
  expect(current?.publicKey).not.toBe(publicKey)
  expect(former).toMatchObject({
    version: 'v1 (until 2020-10-05T12:00:00.000Z)',
    publicKey,
    thru: NOON,
  })
  issuer.publish('/gov.example', [first])
  expect(await update()).toMatchObject({ inserted: 0, revoked: 1 })
  expect(lines).toContainEqual(
    expect.objectContaining({
      severity: 'ERROR',
      healthAuthorityId: id,
      healthAuthority: 'gov.example',
    }),
  )
})

test('one change that the database refuses undoes the others of that authority', async () => {
  const id = await addAuthority('gov.example')
  await addKey(id, { version: 'old' })
  issuer.publish('/gov.example', [freshJwk('v1'), freshJwk('refused')])
  await db.execute(sql`
    alter table health_authority_key add constraint zz_refused check (version <> 'refused')`)
  const told = await failures(update())
  await db.execute(sql`alter table health_authority_key drop constraint zz_refused`)
  expect(told).toEqual([
    `health authority ${id} (gov.example): internal error; the log has the reason`,
  ])
  expect(await keysOf(id)).toMatchObject([{ version: 'old', thru: undefined }])
})

test('what one authority does wrong does not stop the others, nor revoke anything', async () => {
  const names = ['slow', 'endless', 'loop', 'huge', 'lost', 'page', 'empty']
  const ids = new Map<string, number>()
  for (const name of names) {
    const id = await addAuthority(name)
    ids.set(name, id)
    await addKey(id, { version: 'good' })
  }
  const good = await addAuthority('good')
  issuer.answer('/slow', (_, response) => response.write('['))
  issuer.answer('/endless', (_, response) => {
    const timer = setInterval(() => response.write('x'.repeat(100_000)), 1)
    response.on('close', () => clearInterval(timer))
  })
  issuer.answer('/loop', (_, response) => response.writeHead(302, { location: '/loop' }).end())
  issuer.publish('/huge', JSON.stringify([freshJwk('v1')]).padEnd(300_000))
  issuer.publish('/page', '<html>')
  issuer.publish('/empty', [])
  issuer.publish('/good', [freshJwk('v1')])

  const told = await failures(update({ requestTimeoutMs: 300, maxWorkers: 3 }))

  const sentences = told.map((sentence) => sentence.replace(/^health authority \d+ /, '')).sort()
  expect(sentences).toEqual([
    '(empty): the document lists no keys; nothing was revoked',
    '(endless): the document is longer than 262144 bytes',
    '(huge): the document is longer than 262144 bytes',
    '(loop): it redirects more than 3 times',
    '(lost): it answered 404 instead of 200',
    '(page): the document is not JSON',
    '(slow): it did not send the whole document within 300 ms',
  ])
  for (const id of ids.values())
    expect(await keysOf(id)).toMatchObject([{ version: 'good', thru: undefined }])
  expect(await versionsOf(good)).toEqual(['v1'])
})

test('so many authorities are fetched at a time as there are workers, and no more', async () => {
  const document = JSON.stringify([freshJwk('v1')])
  const open: (() => void)[] = []
  let most = 0
  for (const name of ['a', 'b', 'c', 'd']) {
    await addAuthority(name)
    issuer.answer(`/${name}`, (_, response) => {
      most = Math.max(
        most,
        open.push(() => response.end(document)),
      )
      if (open.length === 2) for (const answer of open.splice(0)) answer()
    })
  }
  expect(await update({ maxWorkers: 2 })).toMatchObject({ authorities: 4, inserted: 4 })
  expect(most).toBe(2)
})

test('authorities without an address are left alone', async () => {
  const id = await addAuthority('by-hand', '')
  const blank = await addAuthority('blank', ' ')
  await addKey(id, {})
  await addKey(blank, {})
  expect(await update()).toEqual({ authorities: 0, inserted: 0, revoked: 0, purged: 0 })
  expect(await keysOf(id)).toMatchObject([{ thru: undefined }])
})

test('what an address says that was changed meanwhile counts no more', async () => {
  const id = await addAuthority('gov.example')
  await addKey(id, { version: 'old' })
  const settings = { audience: 'keyserver', name: 'moved', enableStats: true }
  issuer.answer('/gov.example', (_, response) => {
    const moved = { ...settings, issuer: 'gov.example', jwksUri: issuer.url('/moved') }
    void healthAuthorities.update(db, id, moved).then(() => {
      response.end(JSON.stringify([freshJwk('v1')]))
    })
  })
  expect(await update()).toMatchObject({ inserted: 0, revoked: 0 })
  expect(await keysOf(id)).toMatchObject([{ version: 'old', thru: undefined }])
})

test('a run that is ended starts no other authority and changes nothing more', async () => {
  const run = new AbortController()
  for (const name of ['a', 'b', 'c']) {
    await addAuthority(name)
    issuer.answer(`/${name}`, () => run.abort())
  }
  expect(await failures(update({ maxWorkers: 1 }, run.signal))).toEqual([
    expect.stringMatching(/^health authority \d+ \(.\): the run ended first$/),
    '2 health authorities wait for the next run',
  ])
})

test('private addresses are refused unless they are allowed', async () => {
  const id = await addAuthority('gov.example')
  issuer.publish('/gov.example', [freshJwk('v1')])
  expect(await failures(update({ allowsPrivateAddresses: false }))).toEqual([
    `health authority ${id} (gov.example): it leads to a private address; JWKS_ALLOW_PRIVATE_ADDRESSES is off`,
  ])
  expect(await keysOf(id)).toEqual([])
})

test('keys of no use are left out, and the log says so', async () => {
  const id = await addAuthority('gov.example')
  issuer.publish('/gov.example', [{ kid: 'r', kty: 'RSA', n: 'AQAB', e: 'AQAB' }, freshJwk('v1')])
  expect(await update()).toMatchObject({ inserted: 1 })
  expect(await versionsOf(id)).toEqual(['v1'])
  expect(lines).toContainEqual(
    expect.objectContaining({
      severity: 'WARNING',
      versions: ['r'],
      reason: 'one is of another type',
    }),
  )
})

test('neither keys nor addresses with their passwords are logged', async () => {
  const listed = freshJwk('v1')
  await addAuthority('good', issuer.url('/good').replace('//', '//user:hunter2@'))
  await addAuthority('bad', issuer.url('/bad').replace('//', '//user:hunter2@'))
  issuer.publish('/good', [listed])
  issuer.publish('/bad', [{ ...listed, d: 'a-private-part' }])
  const told = await failures(update())
  const everything = JSON.stringify([lines, told])
  expect(lines.length).toBeGreaterThan(1)
  for (const secret of ['hunter2', 'a-private-part', listed.x, listed.y])
    expect(everything).not.toContain(secret)
})
