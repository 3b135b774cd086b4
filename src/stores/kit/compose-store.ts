import { LatchkeyError } from '../../core/errors.ts'
import type { Epochs, SessionStore, Store } from '../../core/ports/index.ts'

/** The parts of a store, each of any engine. `sessions` and `data` belong together, and so do `directory`, `documents` and `audit` by habit. */
export type StoreParts = Pick<
  Store,
  | 'directory'
  | 'sessions'
  | 'data'
  | 'counters'
  | 'documents'
  | 'audit'
  | 'mailboxes'
  | 'bus'
  | 'clock'
> & {
  /** For logs and metrics; `composed` by default. */
  readonly name?: string
  /** The engines to close, in this order. */
  readonly engines: readonly { close(): Promise<void> }[]
}

/**
 * Makes one store of parts that stand on several engines, for example actors in a database and sessions in memory.
 *
 * The owner's epoch lives beside the credential: an end that raises it raises the directory's first, and then the session engine's copy to
 * at least that number. So a crash between the two leaves a session engine that is behind, never one that is ahead, and a session that is
 * created under the directory's epoch raises the copy. An audit entry that goes with a session write is appended after it, because the two
 * engines share no transaction: before the answer where the write ends something.
 */
export function composeStore({ name = 'composed', engines, ...parts }: StoreParts): Store {
  const { directory, audit } = parts
  const withoutAudit = async <T>(
    options: Parameters<SessionStore['end']>[2],
    write: () => Promise<T>,
    tookPlace: (outcome: T) => boolean,
  ): Promise<T> => {
    const outcome = await write()
    if (options?.audit !== undefined && tookPlace(outcome)) await audit.append([options.audit])
    return outcome
  }
  const epochsOf = async (owner: string, copy: Epochs): Promise<Epochs> => {
    const beside = await directory.findEpoch(owner)
    return { ...copy, owner: Math.max(copy.owner, beside) }
  }
  /** Whether the directory has a higher epoch: the session engine's copy may not have it yet. */
  const isOutdated = async (owner: string, epoch: number) =>
    (await directory.findEpoch(owner)) > epoch
  const sessions: SessionStore = {
    ...bound(parts.sessions),
    findEpochs: async (owner) => epochsOf(owner, await parts.sessions.findEpochs(owner)),
    async load(id) {
      const loaded = await parts.sessions.load(id)
      // The epochs after the record: never older than it.
      if (loaded === null) return null
      return { ...loaded, epochs: await epochsOf(loaded.record.owner, loaded.epochs) }
    },
    async create(given, conditions, options) {
      // The caller may change its record while the directory is read.
      const record = structuredClone(given)
      const { owner, ownerEpoch, actsAs } = record
      if (
        (await isOutdated(owner, ownerEpoch)) ||
        (actsAs !== null && (await isOutdated(actsAs, conditions.targetEpoch ?? 0)))
      ) {
        return { ok: false, refused: 'epoch' }
      }
      return withoutAudit(
        options,
        () => parts.sessions.create(record, conditions),
        ({ ok }) => ok,
      )
    },
    update: (record, expectedVersion, { audit: entry, ...rest } = {}) =>
      withoutAudit(
        entry === undefined ? {} : { audit: entry },
        () => parts.sessions.update(record, expectedVersion, rest),
        (done) => done,
      ),
    async end(which, ending, options) {
      const raises = 'raiseEpoch' in which && which.raiseEpoch !== undefined && which.raiseEpoch
      if (raises === false || !('raiseEpoch' in which)) {
        return withoutAudit(
          options,
          () => parts.sessions.end(which, ending),
          (ended) => ended.length > 0,
        )
      }
      const copy = await parts.sessions.findEpochs(which.owner)
      const least = raises === true ? copy.owner + 1 : raises
      if (raises === true) await directory.raiseEpoch(which.owner)
      const epoch = await directory.raiseEpoch(which.owner, least)
      return withoutAudit(
        options,
        () => parts.sessions.end({ ...which, raiseEpoch: epoch }, ending),
        () => true,
      )
    },
    async raiseGlobalEpoch(options) {
      return withoutAudit(
        options,
        () => parts.sessions.raiseGlobalEpoch(),
        () => true,
      )
    },
  }
  const data: Store['data'] = {
    find: (id) => parts.data.find(id),
    save: (...given) => parts.data.save(...given),
    list: (query) => parts.data.list(query),
    async put(given, options) {
      const put = structuredClone(given)
      if (await isOutdated(put.record.owner, put.record.ownerEpoch)) {
        return { ok: false, refused: put.mode === 'update' ? 'ended' : 'epoch' }
      }
      return withoutAudit(
        options,
        () => parts.data.put(put),
        ({ ok }) => ok,
      )
    },
  }
  let closing: Promise<void> | null = null
  return {
    ...parts,
    name,
    sessions,
    data,
    close() {
      closing ??= closeAll(engines)
      return closing
    },
  }
}

/** The methods of a port as own properties: an engine may be a class. */
function bound(port: SessionStore): SessionStore {
  return {
    findEpochs: (owner) => port.findEpochs(owner),
    create: (...given) => port.create(...given),
    find: (id) => port.find(id),
    load: (id) => port.load(id),
    update: (...given) => port.update(...given),
    touch: (touches) => port.touch(touches),
    markUsed: (...given) => port.markUsed(...given),
    eraseSealed: (query) => port.eraseSealed(query),
    end: (...given) => port.end(...given),
    raiseGlobalEpoch: (options) => port.raiseGlobalEpoch(options),
    list: (query) => port.list(query),
    count: (query) => port.count(query),
    prune: (query) => port.prune(query),
  }
}

async function closeAll(engines: StoreParts['engines']): Promise<void> {
  const failures: unknown[] = []
  for (const engine of engines) await engine.close().catch((error: unknown) => failures.push(error))
  if (failures.length > 0) {
    throw new LatchkeyError('unavailable', 'A part of the store could not be closed.', {
      cause: failures[0],
    })
  }
}
