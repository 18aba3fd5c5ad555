/** How one request went; moments are of `performance.now()`. */
export interface Reply {
  status: number
  sentAt: number
  firstByteAt: number
  doneAt: number
  /** All that came back, headers included. */
  bytes: number
}

/** What requests are sent over, one at a time. */
export interface Lane<Work> {
  send(work: Work): Promise<Reply>
  close(): Promise<void>
}

/** Requests in the order of their replies, a column each. */
export interface Samples {
  /** When each was due, in milliseconds since 1970: when it was sent, or should have been. */
  dueAt: Float64Array
  /** From when it was due to the end of its reply, so that a stalled server does not hide what it holds up. */
  latencyMs: Float64Array
  /** From the last byte of the request to the first of its reply. */
  firstByteMs: Float64Array
  bytes: Float64Array
  /** Of the work, as `kindOf` names it. */
  kind: Uint8Array
}

export interface LoopResult {
  /** From the first request to the last reply. */
  elapsedMs: number
  /** Processor time of the load generator meanwhile. */
  cpuMs: number
  /** How many replies had which status. */
  statuses: Record<number, number>
  samples: Samples
}

/** Collects replies without making anything that would have to be cleared away while the clock runs. */
export function recorder(capacity: number) {
  const columns = ['dueAt', 'latencyMs', 'firstByteMs', 'bytes'] as const
  const data = Object.fromEntries(
    columns.map((name) => [name, new Float64Array(capacity)]),
  ) as Record<(typeof columns)[number], Float64Array>
  const kind = new Uint8Array(capacity)
  const statuses: Record<number, number> = {}
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  let count = 0
  return {
    add(reply: Reply, dueAt: number, kindOfWork: number) {
      data.dueAt[count] = performance.timeOrigin + dueAt
      data.latencyMs[count] = reply.doneAt - dueAt
      data.firstByteMs[count] = reply.firstByteAt - reply.sentAt
      data.bytes[count] = reply.bytes
      kind[count] = kindOfWork
      statuses[reply.status] = (statuses[reply.status] ?? 0) + 1
      count++
    },
    result(): LoopResult {
      const { user, system } = process.cpuUsage(cpuBefore)
      const samples = { ...data, kind }
      for (const name of columns) samples[name] = samples[name].slice(0, count)
      return {
        elapsedMs: performance.now() - startedAt,
        cpuMs: (user + system) / 1000,
        statuses,
        samples: { ...samples, kind: kind.slice(0, count) },
      }
    },
  }
}
