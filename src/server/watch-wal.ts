import { clearInterval, setInterval } from 'node:timers'
import type { Store } from '../core/index.ts'
import type { Logger } from './log.ts'

const EVERY_MS = 15_000
/** Four times the size at which the log is merged into the database. */
const WARN_BYTES = 256 * 1024 * 1024

/** Options of `watchWal`. */
export interface WatchWalOptions {
  readonly everyMs?: number
  readonly warnBytes?: number
}

/**
 * Warns once when the write-ahead log of a store is large: it cannot be merged into the database while another program reads an old state,
 * and it slows down writes and fills the disk. Warns again only after it has shrunk. Returns a function that stops.
 */
export function watchWal(
  store: Pick<Store, 'stats'>,
  logger: Logger,
  { everyMs = EVERY_MS, warnBytes = WARN_BYTES }: WatchWalOptions = {},
): () => void {
  let warned = false
  const look = () => {
    const walBytes = store.stats?.().walBytes ?? 0
    if (walBytes < warnBytes / 2) warned = false
    if (walBytes < warnBytes || warned) return
    warned = true
    logger.warn(
      { walBytes },
      'The write-ahead log is large. Another program may be reading the database, such as a backup that has not ended: end it.',
    )
  }
  const timer = setInterval(look, everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
