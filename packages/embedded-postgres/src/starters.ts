import { commandLineOf, parentOf } from './processes.ts'

const STARTER = /^(\/bin\/)?(sh|bash|dash) -c|\b(npm|npx|pnpm)\b/
const LOOK_EVERY_MS = process.platform === 'linux' ? 500 : 2_000 // elsewhere each look starts `ps`

interface Link {
  pid: number
  parent: number
}

/** The processes that brought us here (`npx`, its shell, `pnpm`, its shell) and ourselves, each with its parent. */
function chain(): Link[] {
  const links: Link[] = [{ pid: process.pid, parent: process.ppid }]
  for (let pid = process.ppid; pid > 1 && STARTER.test(commandLineOf(pid)); ) {
    const parent = parentOf(pid)
    links.push({ pid, parent })
    pid = parent
  }
  return links.slice(0, -1) // whoever started npx may leave: that is what `nohup` and CI do
}

/**
 * Calls once as soon as npx, pnpm or a shell between has gone. npx passes no signal on, so its death is all that we
 * see of it. We look at parents, not at whether a process exists: a killed one that nobody has waited for still does.
 */
export function whenStarterGone(call: () => void): void {
  const links = chain()
  const timer = setInterval(() => {
    if (links.every(({ pid, parent }) => parentOf(pid) === parent)) return
    clearInterval(timer)
    call()
  }, LOOK_EVERY_MS)
  timer.unref()
}
