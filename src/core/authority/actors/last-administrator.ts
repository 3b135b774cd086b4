import { ROLES } from '../../actor.ts'
import { LatchkeyError } from '../../errors.ts'
import type { AuthorityContext, CallOptions } from '../context.ts'
import { managed } from './managed-directory.ts'

const KEY = 'administrators-leaving'
/** How long an entry counts if the process that wrote it ended before it removed it. */
const LEAVING_MS = 10 * 60_000

type Leaving = Record<string, { readonly until: number; readonly calls: number }>

/**
 * Runs a change after which an actor is no administrator any more. Throws `conflict` if no other
 * active administrator is left. Of two administrators that leave at the same time one stays: each
 * first writes into one document that it leaves, and does not count those that the document names.
 */
export async function leaveAdministration<T>(
  context: AuthorityContext,
  actorId: string,
  change: () => Promise<T>,
  options: CallOptions,
): Promise<T> {
  const actor = (await context.findCredential(actorId, options.signal))?.actor
  const isAdministrator = actor?.status === 'active' && actor.roles.includes(ROLES.admin)
  if (!isAdministrator) return change()
  const leaving = await editLeaving(context, options, (others, until) => {
    const calls = (others[actorId]?.calls ?? 0) + 1
    return { ...others, [actorId]: { until, calls } }
  })
  const stopLeaving = () =>
    editLeaving(context, options, ({ [actorId]: own, ...others }) =>
      own === undefined || own.calls <= 1
        ? others
        : { ...others, [actorId]: { ...own, calls: own.calls - 1 } },
    )
  try {
    await requireAnother(context, new Set(Object.keys(leaving)))
  } catch (error) {
    await stopLeaving()
    throw error
  }
  // A change that fails may still take place later, so the entry then stays until it expires.
  const outcome = await change()
  await stopLeaving()
  return outcome
}

async function requireAnother(
  context: AuthorityContext,
  leaving: ReadonlySet<string>,
): Promise<void> {
  const query = { role: ROLES.admin, status: 'active', limit: leaving.size + 1 } as const
  const page = await context.ask(() => managed(context).search(query))
  if (page.items.some(({ id }) => !leaving.has(id))) return
  throw new LatchkeyError(
    'conflict',
    'This is the last administrator. Give another actor the role admin first.',
    { reason: 'last_administrator' },
  )
}

async function editLeaving(
  context: AuthorityContext,
  options: CallOptions,
  edit: (leaving: Leaving, until: number) => Leaving,
): Promise<Leaving> {
  const { documents } = context.store
  for (;;) {
    const now = context.now(options)
    const until = now + LEAVING_MS
    const found = await context.ask(() => documents.find(KEY, now))
    const stored = found === null ? {} : (JSON.parse(found.value) as Leaving)
    const current = Object.entries(stored).filter(([, entry]) => entry.until > now)
    const next = edit(Object.fromEntries(current), until)
    const writing = { now, expectedVersion: found?.version ?? 0, expiresAt: until }
    const saved = await context.ask(() => documents.save(KEY, JSON.stringify(next), writing))
    if (saved !== null) return next
  }
}
