import { loadConfig } from '@ens/config'
import { databaseConfig, exposures, openDatabase } from '@ens/database'
import { fromColumns } from '@ens/domain'
import type { ExportKey } from '@ens/export-file'
import { byKey, copyOut, type Deflation, deflate } from '../limits/bare-export.ts'
import { type BarePublish, bareLane, barePublish } from '../limits/bare-publish.ts'
import { verificationsPerSecond } from '../limits/verification.ts'
import type { Authority } from '../stand/configuration.ts'
import { httpLane, httpRequest } from './http-lane.ts'
import { closedLoop, openLoop } from './loops.ts'
import { bodyMaker } from './publishes.ts'
import type { Lane, LoopResult } from './samples.ts'

export const REAL = 0
export const CHAFF = 1

const PATH = '/v1/publish'

interface Lanes {
  connections: number
  limitMs: number
}

type HttpLanes = Lanes & { ports: readonly number[] }
type BareLanes = Lanes & { url: string }

interface Request {
  bytes: Buffer
  kind: number
}

export type Tasks = ReturnType<typeof createTasks>

/** What the load generator does when it is told to. What it sends is made before, and each of it is sent once. */
export function createTasks() {
  let requests: Request[] = []
  let statements: BarePublish[] = []

  const overHttp = async <T>(
    { ports, connections }: HttpLanes,
    work: (lanes: Lane<Buffer>[], bytes: Buffer[], kindOf: (i: number) => number) => Promise<T>,
  ) => {
    const sent = requests
    requests = []
    const opening = Array.from({ length: connections }, (_, i) =>
      httpLane(ports[i % ports.length] ?? 0),
    )
    const kindOf = (position: number) => sent[position]?.kind ?? REAL
    return withLanes(await Promise.all(opening), (lanes) =>
      work(
        lanes,
        sent.map(({ bytes }) => bytes),
        kindOf,
      ),
    )
  }

  const overDriver = async <T>(
    { url, connections }: BareLanes,
    work: (lanes: Lane<BarePublish>[], sent: BarePublish[]) => Promise<T>,
  ) => {
    const sent = statements
    statements = []
    const opening = Array.from({ length: connections }, () => bareLane(url))
    return withLanes(await Promise.all(opening), (lanes) => work(lanes, sent))
  }

  return {
    /** Makes publishes with their certificates, and so many chaff requests among them, in random order. */
    async makePublishes(of: { real: number; chaff?: number; authority: Authority }) {
      const make = bodyMaker(of.authority, new Date())
      let [real, chaff] = [of.real, of.chaff ?? 0]
      requests = Array.from({ length: real + chaff }, () => {
        const isChaff = Math.random() * (real + chaff) < chaff
        if (isChaff) chaff--
        else real--
        return isChaff
          ? { kind: CHAFF, bytes: httpRequest(PATH, make(), { 'x-chaff': '1' }) }
          : { kind: REAL, bytes: httpRequest(PATH, make()) }
      })
    },

    async publishClosed(lanes: HttpLanes): Promise<LoopResult> {
      return overHttp(lanes, (open, bytes, kindOf) => closedLoop(open, bytes, { ...lanes, kindOf }))
    },

    async publishOpen(lanes: HttpLanes & { perSecond: number }): Promise<LoopResult> {
      return overHttp(lanes, (open, bytes, kindOf) => openLoop(open, bytes, { ...lanes, kindOf }))
    },

    async makeStatements({
      count,
      healthAuthorityId,
    }: {
      count: number
      healthAuthorityId: number
    }) {
      const now = new Date()
      const made = Array.from({ length: count }, () => barePublish(healthAuthorityId, now))
      statements = await Promise.all(made)
    },

    async bareClosed(lanes: BareLanes): Promise<LoopResult> {
      return overDriver(lanes, (open, sent) => closedLoop(open, sent, lanes))
    },

    async bareOpen(lanes: BareLanes & { perSecond: number }): Promise<LoopResult> {
      return overDriver(lanes, (open, sent) => openLoop(open, sent, lanes))
    },

    async verificationsPerSecond({ forMs }: { forMs: number }): Promise<number> {
      return verificationsPerSecond(forMs)
    },

    async copyOut(of: { url: string; selections: readonly exposures.Selection[] }) {
      return copyOut(of.url, of.selections)
    },

    /** The window's keys compressed in the order of the export, and in that of the keys. */
    async deflate(of: { variables: Record<string, string>; selection: exposures.Selection }) {
      const keys = await readKeys(of)
      return { inOrder: deflate(keys), byKey: deflate(byKey(keys)) } satisfies Record<
        string,
        Deflation
      >
    },
  }
}

async function withLanes<Work, T>(
  lanes: Lane<Work>[],
  work: (lanes: Lane<Work>[]) => Promise<T>,
): Promise<T> {
  try {
    return await work(lanes)
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()))
  }
}

async function readKeys(of: {
  variables: Record<string, string>
  selection: exposures.Selection
}): Promise<ExportKey[]> {
  const db = openDatabase(loadConfig(databaseConfig, of.variables))
  try {
    return await db.transaction(async (tx) => {
      const keys: ExportKey[] = []
      for await (const page of exposures.streamKeys(tx, of.selection))
        keys.push(...fromColumns(page))
      return keys
    })
  } finally {
    await db.close()
  }
}
