import type { Command } from 'commander'
import type { Pruned } from '../../core/index.ts'
import { addClientOptions, clientOf } from '../client-options.ts'
import { printJson, write } from '../output.ts'
import { createProgress } from '../progress.ts'

const KINDS = ['sessions', 'audit', 'counters', 'documents'] as const

/** Defines `latchkey prune`. */
export function definePrune(command: Command): void {
  addClientOptions(command).action(async () => {
    const { api, format } = clientOf(command)
    const removed = { sessions: 0, audit: 0, counters: 0, documents: 0 }
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

function sentence(removed: Readonly<Record<(typeof KINDS)[number], number>>): string {
  return `${removed.sessions} sessions, ${removed.audit} audit entries, ${removed.counters} counters, ${removed.documents} documents.`
}
