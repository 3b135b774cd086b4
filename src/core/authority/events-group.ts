import type { ActorEvent, RoutedEvent } from '../event.ts'
import type { MailboxLimits } from '../ports/index.ts'
import type { AuthorityContext, CallOptions } from './context.ts'

/** How events reach connections on other nodes, and wait for a session without one: `authority.events`. */
export interface EventsGroup {
  /** Sends an event to every other node. Resolves with the ids of the sessions to whose connections they delivered it. */
  publish(routed: RoutedEvent): Promise<readonly string[]>
  /**
   * Calls `listener` with events that other nodes published. It returns the ids of the sessions to whose connections it delivered them.
   * Returns a function that stops it.
   */
  onPublished(listener: (routed: RoutedEvent) => readonly string[]): () => void
  /** Appends an event to the mailboxes of sessions, and announces to every node that events wait there. */
  store(sessions: readonly string[], event: ActorEvent, limits: MailboxLimits): Promise<void>
  /** Removes and returns what waits for a session, oldest first, and how many events were dropped before. */
  take(
    session: string,
    options?: CallOptions,
  ): Promise<{ readonly events: readonly ActorEvent[]; readonly dropped: number }>
  /** Calls `listener` with the ids of sessions for which another node stored an event. Returns a function that stops it. */
  onStored(listener: (sessions: readonly string[]) => void): () => void
}

export function createEventsGroup(context: AuthorityContext): EventsGroup {
  const { mailboxes, bus } = context.store
  return {
    publish: ({ actor, event }) =>
      bus.publish({ kind: 'event', actor, event }, { confirmed: actor !== null }),
    onPublished: (listener) => context.onPublishedEvent(listener),
    async store(sessions, event, limits) {
      const now = context.now({})
      for (const session of sessions) {
        await context.ask(() => mailboxes.append(session, event, { now, limits }))
      }
      if (sessions.length > 0) {
        await bus.publish({ kind: 'events-stored', sessions }, { confirmed: true })
      }
    },
    async take(session, options = {}) {
      const now = context.now(options)
      const { events, dropped } = await context.ask(
        () => mailboxes.take(session, { now }),
        options.signal,
      )
      return { events: events.map(({ event }) => event), dropped }
    },
    onStored: (listener) =>
      context.onChange((change) => {
        if (change.kind === 'events-stored') listener(change.sessions)
      }),
  }
}
