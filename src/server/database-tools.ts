import type { PostgresInspection } from '../stores/postgres/index.ts'
import { type ResolvedConfig, resolveConfig } from './config.ts'
import { configurationError } from './configuration-error.ts'
import { type ConfigSources, loadConfig } from './load-config.ts'
import { databaseOptions, loadPostgres } from './open-store.ts'

/** The database of a configuration, for an operator. */
export type DatabaseTools = PostgresInspection

/** Where the configuration with the database is read from. */
export type DatabaseSources = ConfigSources

/** Opens the database that a configuration names. Throws `invalid_request` without one. */
export async function openDatabaseTools(sources: DatabaseSources): Promise<DatabaseTools> {
  const { resolved, url } = await databaseOf(sources)
  const { inspectPostgres } = await loadPostgres()
  return inspectPostgres(databaseOptions(resolved, url))
}

/** Returns the configuration, and the URL of the database that it names. Throws `invalid_request` without one. */
export async function databaseOf(
  sources: DatabaseSources,
): Promise<{ resolved: ResolvedConfig; url: string }> {
  const { config } = await loadConfig(sources)
  const resolved = resolveConfig(config)
  if (resolved.database === null) {
    throw configurationError('There is no database. Name it with --database or LATCHKEY_DATABASE.')
  }
  return { resolved, url: resolved.database }
}
