const TERMINAL_MS = 100
const FILE_MS = 5000

/** How far long work has come, on standard error: a line in place on a terminal, else a line every five seconds. */
export interface Progress {
  show(text: string): void
  /** A line that stays. */
  note(line: string): void
  end(): void
}

/** Begins to show progress. */
export function createProgress(): Progress {
  const terminal = process.stderr.isTTY === true
  const every = terminal ? TERMINAL_MS : FILE_MS
  let shownAt = terminal ? Number.NEGATIVE_INFINITY : performance.now()
  let drawn = false
  const erase = () => {
    if (drawn) process.stderr.write('\r\x1b[K')
    drawn = false
  }
  return {
    show(text) {
      const now = performance.now()
      if (now - shownAt < every) return
      shownAt = now
      erase()
      process.stderr.write(terminal ? text : `${text}\n`)
      drawn = terminal
    },
    note(line) {
      erase()
      process.stderr.write(`${line}\n`)
    },
    end: erase,
  }
}
