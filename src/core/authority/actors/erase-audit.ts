import type { AuthorityContext } from '../context.ts'

const KEY = 'audit-erasures'
/** Entries of requests that were in progress at the deletion are appended by then. */
const SETTLED_MS = 60_000

/** Actors whose personal data is to be erased from the audit trail, with the time of their deletion. */
type Planned = Record<string, number>

/** Records that the audit trail must lose the personal data of an actor. */
export async function planErasure(
  context: AuthorityContext,
  actorId: string,
  now: number,
): Promise<void> {
  await editPlanned(context, now, (planned) => ({ ...planned, [actorId]: now }))
}

/** How many audit entries one write examines. */
const STEP = 1000

/**
 * Erases the personal data of deleted actors from the audit trail: addresses, identity hashes and
 * details of the entries whose acting actor they are. Returns how many entries changed.
 */
export async function eraseDeleted(
  context: AuthorityContext,
  now: number,
  signal?: AbortSignal,
): Promise<number> {
  const planned = await findPlanned(context, now)
  const actors = await goneOf(context, Object.keys(planned))
  const { audit } = context.store
  let erased = 0
  let after: string | undefined
  while (actors.length > 0) {
    const from = after === undefined ? {} : { after }
    const page = await context.ask(() => audit.erase({ actors, limit: STEP, ...from }), signal)
    erased += page.erased
    after = page.next
    if (after === undefined) break
  }
  await forget(context, now, planned)
  return erased
}

// An actor whose deletion was refused or failed keeps its entries.
async function goneOf(context: AuthorityContext, ids: readonly string[]): Promise<string[]> {
  const gone: string[] = []
  for (const id of ids) if ((await context.findCredential(id)) === null) gone.push(id)
  return gone
}

function forget(context: AuthorityContext, now: number, done: Planned): Promise<void> {
  return editPlanned(context, now, (planned) =>
    Object.fromEntries(
      Object.entries(planned).filter(([id, at]) => done[id] !== at || at + SETTLED_MS > now),
    ),
  )
}

async function findPlanned(context: AuthorityContext, now: number): Promise<Planned> {
  const found = await context.ask(() => context.store.documents.find(KEY, now))
  return found === null ? {} : (JSON.parse(found.value) as Planned)
}

async function editPlanned(
  context: AuthorityContext,
  now: number,
  edit: (planned: Planned) => Planned,
): Promise<void> {
  const { documents } = context.store
  for (;;) {
    const found = await context.ask(() => documents.find(KEY, now))
    const before = found === null ? {} : (JSON.parse(found.value) as Planned)
    const after = edit(before)
    if (JSON.stringify(after) === JSON.stringify(before)) return
    const writing = { now, expectedVersion: found?.version ?? 0 }
    const saved = await context.ask(() => documents.save(KEY, JSON.stringify(after), writing))
    if (saved !== null) return
  }
}
