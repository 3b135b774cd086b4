import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { LatchkeyError, type Store } from '../core/index.ts'
import type { PostgresOptions } from '../stores/postgres/index.ts'
import type { ResolvedConfig } from './config.ts'
import { configurationError } from './configuration-error.ts'
import type { Log } from './log.ts'
import { version } from './version.ts'

/** What an acknowledged write survives: a failover, a crash of the machine, or nothing. */
export type DurabilityLevel = 'quorum' | 'local' | 'none'

/** The durability of a store, and for a database the nodes that use it. */
export interface DurabilityWatch {
  /** Returns the level, at most some seconds old. */
  read(): Promise<DurabilityLevel>
  /** Absent for a store of one process. */
  readonly cluster?: {
    /** The name of this node. */
    readonly node: string
    /** Returns how many nodes use the database. */
    countNodes(): Promise<number>
    /** Returns whether this node may answer from its cache. */
    isTrusted(): boolean
  }
}

/** A store of the configuration. */
export interface OpenedStore {
  readonly store: Store | Promise<Store>
  readonly durability: DurabilityWatch | null
}

/** How long the durability of a database is reused: a read asks the database. */
const REUSED_MS = 5000

/** Opens the store of a configuration. */
export async function openStore(config: ResolvedConfig, log: Log): Promise<OpenedStore> {
  const { store, data, database } = config
  if (database !== null) return openDatabaseStore(config, database, log)
  if (typeof store === 'object') return { store, durability: null }
  if (store === 'memory') {
    const { memory } = await import('../stores/memory/index.ts')
    return { store: memory(), durability: { read: async () => 'none' } }
  }
  const { sqlite } = await import('../stores/sqlite/index.ts')
  return { store: sqlite({ folder: data }), durability: { read: async () => 'local' } }
}

/** Returns the options of the store in a database. Throws `invalid_request` if the password cannot be read. */
export function databaseOptions(
  config: Pick<
    ResolvedConfig,
    'databasePasswordFile' | 'databaseListen' | 'databaseConnections' | 'node'
  >,
  url: string,
): PostgresOptions {
  const { databasePasswordFile, databaseListen, databaseConnections, node } = config
  return {
    url,
    release: version,
    maxConnections: databaseConnections,
    ...(databasePasswordFile === null ? {} : { password: readPassword(databasePasswordFile) }),
    ...(databaseListen === null ? {} : { listenUrl: databaseListen }),
    ...(node === null ? {} : { node }),
  }
}

async function openDatabaseStore(
  config: ResolvedConfig,
  url: string,
  { logger }: Log,
): Promise<OpenedStore> {
  const { postgres } = await loadPostgres()
  const store = await postgres({
    ...databaseOptions(config, url),
    boundMs: config.databaseBoundMs,
    deadlineMs: config.storeTimeoutMs,
    onError: (err) => logger.warn({ err }, 'The connection to the database failed.'),
  })
  const { level, standbys } = await store.readDurability()
  logger.info({ durability: level, standbys }, 'The database is open.')
  if (level === 'none') {
    logger.warn('The database does not wait for its disk: a crash may lose acknowledged writes.')
  } else if (level === 'local' && standbys > 0) {
    logger.warn(
      'Standbys are attached and synchronous_standby_names is empty: a failover may lose acknowledged writes.',
    )
  }
  let read: { readonly at: number; readonly level: Promise<DurabilityLevel> } | null = null
  return {
    store,
    durability: {
      async read() {
        const at = performance.now()
        if (read === null || at - read.at > REUSED_MS) {
          const found = store.readDurability().then((durability) => durability.level)
          found.catch(() => {
            read = null
          })
          read = { at, level: found }
        }
        return read.level
      },
      cluster: {
        node: config.node ?? hostname(),
        countNodes: async () => (await store.listNodes()).length,
        isTrusted: () => store.bus.isTrusted(),
      },
    },
  }
}

/** Loads the store on PostgreSQL. Throws `unavailable` where its packages are not installed. */
export async function loadPostgres(): Promise<typeof import('../stores/postgres/index.ts')> {
  try {
    return await import('../stores/postgres/index.ts')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new LatchkeyError(
      'unavailable',
      '--database needs the packages pg and kysely. Install them: npm install pg kysely',
      { cause },
    )
  }
}

function readPassword(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    throw configurationError(`--database-password-file: ${file} cannot be read.`, cause)
  }
}
