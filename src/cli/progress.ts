const TERMINAL_MS = 100
const FILE_MS = 5000

/** Progress on standard error: one line that is rewritten on a terminal, else a line every five seconds. */
export interface Progress {
  /** Shows the current state, unless the last one was shown a moment ago. */
  show(text: string): void
  /** Prints a line that stays. */
  note(line: string): void
  /** Removes the line on a terminal. */
  end(): void
}

/** Starts to show progress. */
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
