import { withContenders } from './harness/contender.ts'
import { compare, type Row, type RunOptions } from './harness/row.ts'
import { writeContenders } from './setup/write-contenders.ts'

export const name = 'session-disk-bytes'

/** What does a session take on the disk, with its indexes and its line of the audit trail? */
export async function run(options: RunOptions): Promise<Row[]> {
  return await withContenders(writeContenders('create', options), async (started) => {
    const bytes = ({ facts }: (typeof started)['latchkey']) => [Number(facts['bytesPerSession'])]
    return [
      compare({
        bench: name,
        against: 'node:sqlite',
        unit: 'bytes/session',
        ours: bytes(started.latchkey),
        theirs: bytes(started['node:sqlite']),
      }),
    ]
  })
}
