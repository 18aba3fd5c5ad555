import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Tasks } from './tasks.ts'

type Input<Name extends keyof Tasks> = Parameters<Tasks[Name]>[0]
type Output<Name extends keyof Tasks> = Awaited<ReturnType<Tasks[Name]>>

/** The load generator, in a process of its own. */
export interface Load {
  run<Name extends keyof Tasks>(task: Name, input: Input<Name>): Promise<Output<Name>>
  stop(): Promise<void>
}

interface Outcome {
  id: number
  result?: unknown
  error?: string
}

export function startLoad(): Load {
  const child = fork(fileURLToPath(new URL('./main.ts', import.meta.url)), {
    serialization: 'advanced',
  })
  const pending = new Map<number, PromiseWithResolvers<unknown>>()
  let lastId = 0
  child.on('message', ({ id, result, error }: Outcome) => {
    const waiting = pending.get(id)
    pending.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(`the load generator failed: ${error}`))
  })
  child.on('exit', () => {
    for (const { reject } of pending.values()) reject(new Error('the load generator has ended'))
  })
  return {
    run: (task, input) => {
      const id = ++lastId
      const outcome = Promise.withResolvers<unknown>()
      pending.set(id, outcome)
      child.send({ id, task, input })
      return outcome.promise as Promise<never>
    },
    stop: () => end(child),
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.disconnect()
  await once(child, 'exit')
}
