import { createTasks, type Tasks } from './tasks.ts'

// The load generator: a process of its own, so that what it costs is not counted as the server's. Ends with its starter.

const tasks = createTasks()

process.on('disconnect', () => process.exit())

process.on('message', (order: Order) => void answer(order))

interface Order {
  id: number
  task: keyof Tasks
  input: never
}

async function answer({ id, task, input }: Order): Promise<void> {
  try {
    process.send?.({ id, result: await tasks[task](input) })
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? error.stack : String(error) })
  }
}
