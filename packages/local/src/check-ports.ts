import { setTimeout as pause } from 'node:timers/promises'
import { isPortFree } from '@ens/embedded-postgres'
import { portTaken } from './errors.ts'

/** A fleet that was killed lets go of its ports within this time. */
const PATIENCE_MS = 2_000

/** Throws `local_port_taken` with every port that is not to be had, and the variable that sets it. */
export async function checkPorts(
  ports: Readonly<Record<string, number>>,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const giveUpAt = Date.now() + patienceMs
  let problems = await problemsOf(ports)
  while (problems.length > 0 && Date.now() < giveUpAt) {
    await pause(100)
    problems = await problemsOf(ports)
  }
  if (problems.length > 0) throw portTaken(problems.join('\n'))
}

async function problemsOf(ports: Readonly<Record<string, number>>): Promise<string[]> {
  const problems: string[] = []
  const users = new Map<number, string>()
  for (const [variable, port] of Object.entries(ports)) {
    const other = users.get(port)
    if (other) problems.push(`port ${port} is wanted by both ${other} and ${variable}`)
    else if (!(await isPortFree(port))) problems.push(taken(port, variable))
    users.set(port, variable)
  }
  return problems
}

const taken = (port: number, variable: string) =>
  `port ${port} is taken: does the fleet run already? If not, free it, or choose another with ${variable}=…`
