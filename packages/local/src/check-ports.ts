import { isPortFree } from '@ens/embedded-postgres'
import { portTaken } from './errors.ts'

/** Throws `local_port_taken` with every port that is not to be had, and the variable that sets it. */
export async function checkPorts(ports: Readonly<Record<string, number>>): Promise<void> {
  const problems: string[] = []
  const users = new Map<number, string>()
  for (const [variable, port] of Object.entries(ports)) {
    const other = users.get(port)
    if (other) problems.push(`port ${port} is wanted by both ${other} and ${variable}`)
    else if (!(await isPortFree(port)))
      problems.push(
        `port ${port} is taken by another program; free it, or choose another with ${variable}=…`,
      )
    users.set(port, variable)
  }
  if (problems.length > 0) throw portTaken(problems.join('\n'))
}
