import type { Clock, Store } from 'latchkey'
import { composeStore, systemClock } from 'latchkey/stores/kit'
import { memory } from 'latchkey/stores/memory'
import { sqlite } from 'latchkey/stores/sqlite'

export interface ComposedStoreOptions {
  /** The folder of the SQLite file. */
  readonly folder: string
  readonly clock?: Clock
}

/** Actors, settings, keys and the audit trail in SQLite; sessions in memory, so a restart logs everyone out. */
export async function openComposedStore({
  folder,
  clock = systemClock(),
}: ComposedStoreOptions): Promise<Store> {
  const database = await sqlite({ folder, clock })
  const engine = memory({ clock })
  const { directory, documents, audit } = database
  const { sessions, data, counters, mailboxes, bus } = engine
  return composeStore({
    name: 'sqlite+memory',
    ...{ directory, documents, audit, sessions, data, counters, mailboxes, bus, clock },
    engines: [engine, database],
  })
}
