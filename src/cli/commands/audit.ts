import type { Command } from 'commander'
import type { AuditPage } from '../../core/index.ts'
import { addClientOptions, addLimitOption, clientOf, limitOf } from '../client-options.ts'
import { list } from '../list.ts'
import type { Column } from '../output.ts'
import { localTime } from '../plain-text.ts'
import { usage } from '../usage.ts'

type Entry = AuditPage['items'][number]

const COLUMNS: readonly Column<Entry>[] = [
  { title: 'AT', of: ({ at }) => localTime(at) },
  { title: 'ACT', of: ({ act }) => act },
  { title: 'OUTCOME', of: ({ outcome }) => outcome },
  { title: 'ACTOR', of: ({ actor }) => actor ?? '' },
  { title: 'TARGET', of: ({ target }) => target ?? '' },
  { title: 'SESSION', of: ({ session }) => session ?? '' },
  { title: 'DOOR', of: ({ door }) => door ?? '' },
  { title: 'ADDRESS', of: ({ address }) => address ?? '' },
  { title: 'DETAIL', of: ({ detail }) => (detail === null ? '' : JSON.stringify(detail)) },
]

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Defines `latchkey audit`. */
export function defineAudit(command: Command): void {
  command
    .option('--actor <ID>', 'filter: this actor as actor or target')
    .option('--session <ID>', 'filter: this session')
    .option('--since <WHEN>', 'a time such as 2026-03-01T12:00:00Z, or an age: 30m, 12h, 7d')
  addClientOptions(addLimitOption(command)).action(async () => {
    const { actor, session, since } = command.opts<Record<string, string | undefined>>()
    await list<Entry>(clientOf(command), {
      path: '/v1/admin/audit',
      key: 'entries',
      query: { actor, session, since: since === undefined ? undefined : timeOf(since) },
      limit: limitOf(command),
      columns: COLUMNS,
    })
  })
}

function timeOf(text: string): number {
  const ago = /^(\d{1,9})([smhd])$/.exec(text)
  if (ago !== null) {
    return Math.max(0, Date.now() - Number(ago[1]) * (UNITS[ago[2] ?? ''] ?? 0))
  }
  const at = /^\d{10,15}$/.test(text) ? Number(text) : Date.parse(text)
  if (Number.isFinite(at) && at >= 0) return at
  throw usage('--since: must be a time such as 2026-03-01T12:00:00Z, or 30m, 12h, 7d.')
}
