import { expect, test } from 'vitest'
import { createFleet, type Member } from './fleet.ts'

function membersOf(...names: string[]) {
  const stopped: string[] = []
  const ends = new Map<string, (sentence: string) => void>()
  const members = names.map((name): Member => {
    const ended = new Promise<string>((resolve) => ends.set(name, resolve))
    return {
      name,
      ended,
      async stop() {
        await Promise.resolve()
        stopped.push(name)
        ends.get(name)?.(`${name} was stopped`)
      },
    }
  })
  return { members, stopped, end: (name: string) => ends.get(name)?.(`${name} has ended`) }
}

test('members stop in the reverse order of their start, and once', async () => {
  const { members, stopped } = membersOf('postgres', 'exposure', 'scheduler')
  const fleet = createFleet()
  for (const member of members) fleet.add(member)

  await Promise.all([fleet.stop(), fleet.stop()])

  expect(stopped).toEqual(['scheduler', 'exposure', 'postgres'])
})

test('the member that ends by itself is told, not those that are stopped because of it', async () => {
  const { members, end } = membersOf('postgres', 'exposure')
  const fleet = createFleet()
  for (const member of members) fleet.add(member)

  end('exposure')
  const sentence = await fleet.brokenBy
  await fleet.stop()

  expect(sentence).toBe('exposure has ended')
})

test('who comes up while the fleet stops is stopped too', async () => {
  const { members, stopped } = membersOf('exposure')
  const fleet = createFleet()
  await fleet.stop()

  for (const member of members) await fleet.add(member).ended

  expect(stopped).toEqual(['exposure'])
})
