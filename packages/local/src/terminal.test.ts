import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openTerminal } from './terminal.ts'

beforeEach(() => {
  vi.useFakeTimers()
  return () => vi.useRealTimers()
})

let written: string[]
afterEach(() => {
  written = []
})

function terminal(isTTY: boolean) {
  written = []
  return openTerminal({ isTTY, write: (text) => written.push(text) })
}

const after = (ms: number) =>
  new Promise<string>((resolve) => setTimeout(() => resolve('done'), ms))

test.each([true, false])(
  'what takes less than a second is not remarked on (terminal: %s)',
  async (isTTY) => {
    const work = terminal(isTTY).during('migrating', after(900))
    await vi.advanceTimersByTimeAsync(900)

    expect(await work).toBe('done')
    expect(written).toEqual([])
  },
)

test('on a terminal a spinner counts the seconds, and is gone in the end', async () => {
  const work = terminal(true).during('migrating', after(3_000))
  await vi.advanceTimersByTimeAsync(1_000)
  expect(written).toEqual(['⠋ migrating, 1 s'])

  await vi.advanceTimersByTimeAsync(2_000)
  await work
  expect(written.at(-2)).toMatch(/\r.* migrating, 2 s$/)
  expect(written.at(-1)).toBe('\r\u001b[2K')
})

test('a line does not run into the spinner', async () => {
  const out = terminal(true)
  const work = out.during('migrating', after(1_050))
  await vi.advanceTimersByTimeAsync(1_000)
  out.line('12 migrations applied')
  await vi.advanceTimersByTimeAsync(1_000)
  await work

  expect(written.slice(1)).toEqual(['\r\u001b[2K', '12 migrations applied\n'])
})

test('without a terminal there is a line after a second and then every ten', async () => {
  const work = terminal(false).during('migrating', after(25_000))
  await vi.advanceTimersByTimeAsync(25_000)
  await work

  expect(written).toEqual(['migrating …\n', 'migrating … 10 s\n', 'migrating … 20 s\n'])
})

test('work that fails fails, and the spinner stops', async () => {
  const work = terminal(true).during('migrating', Promise.reject(new Error('no disk')))

  await expect(work).rejects.toThrow('no disk')
  await vi.advanceTimersByTimeAsync(5_000)
  expect(written).toEqual([])
})
