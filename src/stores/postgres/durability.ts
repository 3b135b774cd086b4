import type { Client } from './connection.ts'

/** What an acknowledged write survives. */
export interface Durability {
  /**
   * `quorum`: a standby has it, so a failover does not lose it. `local`: this server's disk has it. `none`: a crash
   * of the server may lose it.
   */
  readonly level: 'quorum' | 'local' | 'none'
  /** How many standbys receive the log now. */
  readonly standbys: number
}

/** Reads the settings that decide what an acknowledged write survives. */
export async function readDurability(client: Client): Promise<Durability> {
  const { rows } = await client.query(`
    SELECT current_setting('fsync') AS fsync,
      current_setting('synchronous_commit') AS commit,
      current_setting('synchronous_standby_names') AS names,
      (SELECT count(*)::int FROM pg_stat_replication) AS standbys`)
  const { fsync, commit, names, standbys } = rows[0] ?? {}
  return {
    level: levelOf(String(fsync), String(commit), String(names)),
    standbys: Number(standbys ?? 0),
  }
}

function levelOf(fsync: string, commit: string, names: string): Durability['level'] {
  if (fsync !== 'on' || commit === 'off') return 'none'
  return names !== '' && commit !== 'local' ? 'quorum' : 'local'
}
