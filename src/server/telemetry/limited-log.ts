/** Writes a line, with the number of lines that were suppressed before it. */
type WriteLine = (suppressed: number) => void

/** How many keys are remembered. */
const MAX_KEYS = 1000

/**
 * Limits lines of a log that a client can cause: for each key one line in `everyMs`. The next line says how many were suppressed.
 */
export class LimitedLog {
  readonly #everyMs: number
  readonly #now: () => number
  readonly #lines = new Map<string, { at: number; suppressed: number }>()

  constructor({
    everyMs = 5000,
    now = () => performance.now(),
  }: { readonly everyMs?: number; readonly now?: () => number } = {}) {
    this.#everyMs = everyMs
    this.#now = now
  }

  /** Calls `write`, unless a line of the key was written a moment ago. */
  write(key: string, write: WriteLine): void {
    const now = this.#now()
    const last = this.#lines.get(key)
    if (last !== undefined && now - last.at < this.#everyMs) {
      last.suppressed++
      return
    }
    if (last === undefined && this.#lines.size >= MAX_KEYS) this.#lines.clear()
    this.#lines.set(key, { at: now, suppressed: 0 })
    write(last?.suppressed ?? 0)
  }
}
