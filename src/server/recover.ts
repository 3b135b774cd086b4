import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LatchkeyError } from '../core/errors.ts'
import { type Actor, type Authority, createAuthority, errorOf, ROLES } from '../core/index.ts'
import { sqlite } from '../stores/sqlite/index.ts'

/** The one-time code that a recovery creates. */
export interface Recovery {
  readonly code: string
  /** The actor that chooses a new password with the code; null if the code registers a new administrator. */
  readonly actor: Actor | null
}

/**
 * Makes an actor an active administrator again and creates a code for its new password; without an actor, creates a code that registers
 * a further administrator. Works on a data folder that no server uses. Throws `not_found` for a folder without data and for an unknown
 * actor, `conflict` for a folder in use.
 */
export async function recoverAdministrator(
  folder: string,
  identity: string | undefined,
): Promise<Recovery> {
  // Opening a store would create the folder.
  if (!existsSync(join(folder, 'latchkey.db'))) {
    throw new LatchkeyError('not_found', `${folder} is not a data folder. Name it with --data.`)
  }
  const authority = await createAuthority({ store: sqlite({ folder }), pruneEveryMs: 0 })
  try {
    if (identity === undefined) {
      const code = await authority.actors.createClaimCode({ recovery: true, door: 'cli' })
      return { code: code ?? '', actor: null }
    }
    return await recoverActor(authority, identity)
  } finally {
    await authority.close()
  }
}

async function recoverActor(authority: Authority, identity: string): Promise<Recovery> {
  const { actors, credentials } = authority
  const found = (await actors.find(identity)) ?? (await actors.findByIdentity(identity))
  if (found === null) throw new LatchkeyError('not_found', `There is no actor ${identity}.`)
  const caller = { door: 'cli' }
  if (found.status === 'suspended') await actors.restore(found.id, caller)
  if (!found.roles.includes(ROLES.admin)) {
    await actors.setRoles(found.id, [...found.roles, ROLES.admin], caller)
  }
  const reset = await credentials.createPasswordReset(found.id, caller)
  if (!reset.ok) throw errorOf(reset)
  return { code: reset.code, actor: await actors.find(found.id) }
}
