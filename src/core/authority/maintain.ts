import { eraseDeleted } from './actors/erase-audit.ts'
import type { AuthorityContext, CallOptions } from './context.ts'
import { maintainSigningKeys } from './signing-keys.ts'

/** How many records of each kind were removed. */
export interface Pruned {
  /** Sessions that ended or expired more than 24 hours ago. */
  readonly sessions: number
  /** Audit entries beyond their retention. */
  readonly audit: number
  /** Counters of attempts that have expired. */
  readonly counters: number
  /** Documents that have expired, such as device codes. */
  readonly documents: number
  /** Events of mailboxes that are too old. */
  readonly events: number
  /** Holds on identities that have ended. */
  readonly holds: number
  /** Successors of renewals whose grace is over. */
  readonly sealed: number
  /** Whether nothing is left to remove. */
  readonly done: boolean
}

const STEP = 500

/**
 * Removes what is past its retention: ended sessions, old audit entries, counters and documents
 * past their expiry. Works in small steps, at most `maxSteps`, so that other writes are not
 * blocked. Replaces old signing keys.
 */
export async function prune(
  context: AuthorityContext,
  options: CallOptions & { readonly maxSteps?: number },
): Promise<Pruned> {
  const now = context.now(options)
  const { sessions, audit, counters, documents, mailboxes, directory } = context.store
  const removed = {
    ...{ sessions: 0, audit: 0, counters: 0, documents: 0 },
    ...{ events: 0, holds: 0, sealed: 0 },
  }
  const graceMs = context.settings.get('renewal.graceMs')
  const before = now - context.settings.get('session.keepEndedMs')
  let left = options.maxSteps ?? Number.POSITIVE_INFINITY
  const steps: [keyof typeof removed, () => Promise<number>][] = [
    ['sessions', () => sessions.prune({ before, limit: STEP })],
    [
      'audit',
      () =>
        audit.prune({
          before: now - context.settings.get('audit.retentionMs'),
          maxEntries: context.settings.get('audit.maxEntries'),
          limit: STEP,
        }),
    ],
    ['counters', () => counters.prune({ now, limit: STEP })],
    ['documents', () => documents.prune({ now, limit: STEP })],
    ['events', () => mailboxes.prune({ now, limit: STEP })],
    ['holds', () => directory.pruneHolds({ now, limit: STEP })],
    ['sealed', () => sessions.eraseSealed({ issuedBefore: now - graceMs, limit: STEP })],
  ]
  for (const [kind, step] of steps) {
    for (; left > 0; left--) {
      const count = await context.ask(step, options.signal)
      if (count === 0) break
      removed[kind] += count
    }
  }
  await eraseDeleted(context, now, options.signal)
  await maintainSigningKeys(context, options)
  return { ...removed, done: left > 0 }
}
