export interface Terminal {
  line(text?: string): void
  /** Waits for the work; once it has taken a second, shows what is going on and for how long. */
  during<T>(what: string, work: Promise<T>): Promise<T>
}

export interface TerminalStream {
  isTTY?: boolean
  write(text: string): unknown
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const ERASE = '\r\u001b[2K'
const PATIENCE_MS = 1_000
const FRAME_MS = 100
const LINE_EVERY_MS = 10_000

/** A spinner on a terminal; where the output is kept, a line now and then. */
export function openTerminal(stream: TerminalStream): Terminal {
  return stream.isTTY ? spinning(stream) : plain(stream)
}

function spinning(stream: TerminalStream): Terminal {
  let isShown = false
  const erase = () => {
    if (isShown) stream.write(ERASE)
    isShown = false
  }
  const show = (what: string, sinceMs: number, frame: number) => {
    stream.write(
      `${isShown ? ERASE : ''}${FRAMES[frame % FRAMES.length] ?? ''} ${what}, ${seconds(sinceMs)}`,
    )
    isShown = true
  }
  return {
    line(text = '') {
      erase()
      stream.write(`${text}\n`)
    },
    async during(what, work) {
      const sinceMs = Date.now()
      let frame = 0
      const timer = setInterval(() => {
        if (Date.now() - sinceMs >= PATIENCE_MS) show(what, sinceMs, frame++)
      }, FRAME_MS)
      return work.finally(() => {
        clearInterval(timer)
        erase()
      })
    },
  }
}

function plain(stream: TerminalStream): Terminal {
  const line = (text = '') => stream.write(`${text}\n`)
  return {
    line,
    async during(what, work) {
      const sinceMs = Date.now()
      const patience = setTimeout(() => line(`${what} …`), PATIENCE_MS)
      const timer = setInterval(() => line(`${what} … ${seconds(sinceMs)}`), LINE_EVERY_MS)
      return work.finally(() => {
        clearTimeout(patience)
        clearInterval(timer)
      })
    },
  }
}

const seconds = (sinceMs: number) => `${Math.floor((Date.now() - sinceMs) / 1_000)} s`
