import { sql } from 'kysely'
import { LatchkeyError } from '../../core/errors.ts'
import type { Member } from '../kit/channel.ts'
import type { Database } from './database.ts'

/** The version of the signals. Nodes whose versions are two apart refuse to run together. */
export const BUS_PROTOCOL = 1

/** A node without a heartbeat for so many of its leases is removed. */
const LEASES_UNTIL_REMOVAL = 10

/** The server that a connection reaches. */
export interface ServerIdentity {
  readonly system: string
  /** Rises at a failover. */
  readonly timeline: string | null
  readonly recovering: boolean
}

/** The SQL of a {@link ServerIdentity}. On a standby there is no timeline to read. */
export const IDENTITY_COLUMNS = `
  (SELECT system_identifier::text FROM pg_control_system()) AS system,
  pg_is_in_recovery() AS recovering,
  CASE WHEN NOT pg_is_in_recovery() THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS timeline`

/** The answer to a heartbeat that was written. */
export interface WrittenBeat extends ServerIdentity {
  /** The time of the server, in epoch milliseconds. */
  readonly time: number
}

/** A registered node, for people. */
export interface BusNode {
  /** Random for each start. */
  readonly id: string
  /** As the operator named it. */
  readonly name: string
  /** The release that it runs. */
  readonly release: string
  /** How long it may trust its cache without the bus. */
  readonly leaseMs: number
  /** When it joined, in epoch milliseconds. */
  readonly startedAt: number
  /** How long ago it wrote its last heartbeat. */
  readonly silentMs: number
}

/** The registered nodes of a database. */
export function createBusNodes(database: Database, self: { name: string; release: string }) {
  const nodes = sql.table(`${database.schema}.bus_nodes`)

  return {
    /** Adds a node. Rejects with `conflict` if a live node uses signals two versions apart. */
    async add({ id, leaseMs }: Member): Promise<void> {
      await database.transaction(async (db) => {
        await sql`DELETE FROM ${nodes} WHERE
          seen_at < clock_timestamp() - lease_ms * ${LEASES_UNTIL_REMOVAL} * interval '1 ms'`.execute(
          db,
        )
        const { rows } = await sql<{ name: string; release: string }>`
          SELECT name, release FROM ${nodes} WHERE abs(protocol - ${BUS_PROTOCOL}) > 1 LIMIT 1`.execute(
          db,
        )
        const [other] = rows
        if (other !== undefined) {
          throw new LatchkeyError(
            'conflict',
            `Node ${other.name} runs release ${other.release}, which cannot run beside this one. Upgrade one release at a time.`,
          )
        }
        await db
          .insertInto('bus_nodes')
          .values({ id, lease_ms: leaseMs, protocol: BUS_PROTOCOL, number: 0, beat: 0, ...self })
          .onConflict((conflict) => conflict.column('id').doNothing())
          .execute()
      })
    },

    async remove(id: string): Promise<void> {
      await database.write((db) => db.deleteFrom('bus_nodes').where('id', '=', id).execute())
    },

    /** Writes a heartbeat, and restores the node if it was removed. */
    async beat(
      { id, leaseMs }: Member,
      { number, beat }: { readonly number: number; readonly beat: number },
    ): Promise<WrittenBeat> {
      const { rows } = await database.write((db) =>
        sql<WrittenBeat>`
          INSERT INTO ${nodes} AS n (id, name, release, protocol, lease_ms, number, beat)
          VALUES (${id}, ${self.name}, ${self.release}, ${BUS_PROTOCOL}, ${leaseMs}, ${number}, ${beat})
          ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp(),
            number = greatest(n.number, excluded.number), beat = greatest(n.beat, excluded.beat)
          RETURNING floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS time,
            ${sql.raw(IDENTITY_COLUMNS)}`.execute(db),
      )
      const [written] = rows
      if (written === undefined) throw new Error('The heartbeat was not written.')
      return written
    },

    async members(): Promise<readonly Member[]> {
      return database.read((db) =>
        db.selectFrom('bus_nodes').select(['id', 'lease_ms as leaseMs']).execute(),
      )
    },

    async list(): Promise<readonly BusNode[]> {
      const { rows } = await database.read((db) =>
        sql<BusNode>`
          SELECT id, name, release, lease_ms AS "leaseMs",
            floor(extract(epoch FROM started_at) * 1000)::bigint AS "startedAt",
            floor(extract(epoch FROM clock_timestamp() - seen_at) * 1000)::bigint AS "silentMs"
          FROM ${nodes} ORDER BY name, started_at`.execute(db),
      )
      return rows
    },

    /** Removes nodes that are gone, and payloads that every node has read or lacks. */
    async prune(): Promise<void> {
      await database.write((db) =>
        sql`WITH gone AS (DELETE FROM ${nodes} WHERE
            seen_at < clock_timestamp() - lease_ms * ${LEASES_UNTIL_REMOVAL} * interval '1 ms')
          DELETE FROM ${sql.table(`${database.schema}.bus_payloads`)}
          WHERE created_at < clock_timestamp() -
            coalesce((SELECT max(lease_ms) FROM ${nodes}), 1000) * ${LEASES_UNTIL_REMOVAL} * interval '1 ms'`.execute(
          db,
        ),
      )
    },
  }
}

/** The registered nodes of a database. */
export type BusNodes = ReturnType<typeof createBusNodes>
