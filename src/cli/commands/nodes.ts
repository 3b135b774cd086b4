import type { Command } from 'commander'
import type { BusNode } from '../../server/index.ts'
import { addFormatOption, formatOf } from '../client-options.ts'
import { addDatabaseOptions, withDatabase } from '../database.ts'
import { type Column, printListing } from '../output.ts'

const COLUMNS: readonly Column<BusNode>[] = [
  { title: 'NAME', of: ({ name }) => name },
  { title: 'STATE', of: ({ silentMs, leaseMs }) => (silentMs < leaseMs ? 'up' : 'silent') },
  { title: 'RELEASE', of: ({ release }) => release },
  { title: 'LEASE', of: ({ leaseMs }) => `${leaseMs} ms` },
  { title: 'LAST HEARTBEAT', of: ({ silentMs }) => `${silentMs} ms ago` },
  { title: 'SINCE', of: ({ startedAt }) => new Date(startedAt).toISOString() },
  { title: 'ID', of: ({ id }) => id },
]

/** Defines `latchkey nodes`. */
export function defineNodes(command: Command): void {
  addFormatOption(addDatabaseOptions(command)).action(async () => {
    const format = formatOf(command)
    await withDatabase(command, async (database) => {
      const nodes = await database.listNodes()
      async function* pages() {
        yield nodes
      }
      await printListing(pages(), { format, columns: COLUMNS })
    })
  })
}
