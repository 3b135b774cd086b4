import type { Command } from 'commander'
import type { Pruned } from '../../core/index.ts'
import { addClientOptions, clientOf } from '../client-options.ts'
import { printJson, write } from '../output.ts'
import { createProgress } from '../progress.ts'

const WORDS = {
  sessions: 'sessions',
  audit: 'audit entries',
  counters: 'counters',
  documents: 'documents',
  events: 'waiting events',
  holds: 'holds on names',
  sealed: 'spent renewals',
} as const
type Kind = keyof typeof WORDS
const KINDS = Object.keys(WORDS) as Kind[]

/** Defines `latchkey prune`. */
export function definePrune(command: Command): void {
  addClientOptions(command).action(async () => {
    const { api, format } = clientOf(command)
    const removed = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>
    const progress = createProgress()
    for (let done = false; !done; ) {
      const step = await api.request<Pruned>('POST', '/v1/admin/prune')
      for (const kind of KINDS) removed[kind] += step[kind]
      done = step.done
      progress.show(`Removed so far: ${sentence(removed)}`)
    }
    progress.end()
    await (format === 'json' ? printJson(removed) : write(`Removed: ${sentence(removed)}\n`))
  })
}

function sentence(removed: Readonly<Record<Kind, number>>): string {
  return `${KINDS.map((kind) => `${removed[kind]} ${WORDS[kind]}`).join(', ')}.`
}
