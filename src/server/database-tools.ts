import type { PostgresInspection } from '../stores/postgres/index.ts'
import { resolveConfig } from './config.ts'
import { configurationError } from './configuration-error.ts'
import { type ConfigSources, loadConfig } from './load-config.ts'
import { databaseOptions, loadPostgres } from './open-store.ts'

/** The database of a configuration, for an operator. */
export type DatabaseTools = PostgresInspection

/** Opens the database that a configuration names. Throws `invalid_request` without one. */
export async function openDatabaseTools(sources: ConfigSources): Promise<DatabaseTools> {
  const { config } = await loadConfig(sources)
  const resolved = resolveConfig(config)
  if (resolved.database === null) {
    throw configurationError('There is no database. Name it with --database or LATCHKEY_DATABASE.')
  }
  const { inspectPostgres } = await loadPostgres()
  return inspectPostgres(databaseOptions(resolved, resolved.database))
}
