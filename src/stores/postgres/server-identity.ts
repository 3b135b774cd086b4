/** The server that a connection reaches. */
export interface ServerIdentity {
  readonly system: string
  /** Rises at a failover. Null on a standby. */
  readonly timeline: string | null
  readonly recovering: boolean
}

/** The SQL of a {@link ServerIdentity}. */
export const IDENTITY_COLUMNS = `
  (SELECT system_identifier::text FROM pg_control_system()) AS system,
  pg_is_in_recovery() AS recovering,
  CASE WHEN NOT pg_is_in_recovery() THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS timeline`

/** Returns a text that two identities share if they are the same server on the same timeline. */
export function serverKey(row: Readonly<Record<keyof ServerIdentity, unknown>>): string {
  return `${row.system}/${row.timeline}/${row.recovering}`
}
