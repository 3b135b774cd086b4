import type { BusMessage, ManagedDirectory, SessionStore } from '../../core/ports/index.ts'
import type { EndedSession } from '../../core/session/record.ts'

/** How long an ending is remembered: longer than a failover takes. */
const REMEMBERED_MS = 300_000

/** The maximum number of endings that are remembered. Beyond it a failover ends every session. */
const MAX_REMEMBERED = 100_000

interface Remembered<T> {
  readonly value: T
  readonly at: number
}

/** The endings of the last five minutes: a failover may have lost them. */
export interface RecentEndings {
  /** Remembers what a message ends. */
  record(message: BusMessage): void
  /** Writes the remembered endings again. Each write has no effect where the database still has it. */
  reapply(now: number): Promise<void>
}

export interface RecentEndingsOptions {
  readonly sessions: SessionStore
  readonly directory: ManagedDirectory
  readonly monotonic: () => number
}

/** Creates the memory of endings of one node. */
export function createRecentEndings(options: RecentEndingsOptions): RecentEndings {
  const { sessions, directory, monotonic } = options
  const ended = new Map<string, Remembered<EndedSession>>()
  /** The epochs of owners; null until they are read. */
  const owners = new Map<string, Remembered<number | null>>()
  let globalEpoch = 0
  let overflowed = Number.NEGATIVE_INFINITY

  function remember<T>(map: Map<string, Remembered<T>>, key: string, value: T): void {
    const at = monotonic()
    // Maps keep the order of insertion, so the oldest are first.
    map.delete(key)
    map.set(key, { value, at })
    for (const [oldest, entry] of map) {
      if (entry.at > at - REMEMBERED_MS) break
      map.delete(oldest)
    }
    if (map.size <= MAX_REMEMBERED) return
    map.delete(map.keys().next().value ?? key)
    overflowed = at
  }

  return {
    record(message) {
      if (message.kind === 'sessions-ended') {
        for (const one of message.ended) remember(ended, one.id, one)
      } else if (message.kind === 'global-epoch-raised') {
        globalEpoch = Math.max(globalEpoch, message.epoch)
      } else if (message.kind === 'owner-epoch-raised') {
        const { owner } = message
        remember(owners, owner, null)
        directory.findEpoch(owner).then(
          (epoch) => remember(owners, owner, epoch),
          // Without the number the epoch is raised by one.
          () => undefined,
        )
      }
    },

    async reapply(now) {
      const since = monotonic() - REMEMBERED_MS
      if (overflowed > since) await sessions.raiseGlobalEpoch()
      for (;;) {
        const { global } = await sessions.findEpochs('')
        if (global >= globalEpoch) break
        await sessions.raiseGlobalEpoch()
      }
      for (const [owner, { value, at }] of owners) {
        if (at > since) await directory.raiseEpoch(owner, value ?? undefined)
      }
      for (const [id, { value, at }] of ended) {
        if (at > since) await sessions.end({ id }, { now, reason: value.reason })
      }
    },
  }
}
