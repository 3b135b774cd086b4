import { type Actor, canonicalIdentity } from '../../actor.ts'
import type { Refusal } from '../../errors.ts'
import type { ActorQuery, Page } from '../../ports/index.ts'
import { checkCode } from '../codes/check-code.ts'
import type { CodePurpose, IssuedCode } from '../codes/one-time-code.ts'
import type { AuthorityContext, CallOptions } from '../context.ts'
import type { LoggedIn } from '../login/login.ts'
import { type ImportedActor, importActor, restore, setRoles, suspend } from './actors.ts'
import { type Claim, type ClaimCodeOptions, claim, createClaimCode } from './claim.ts'
import { deleteActor } from './delete-actor.ts'
import { type ActorExport, exportActor } from './export-actor.ts'
import { type Invitation, invite, type Registration, register } from './registration.ts'
import { type ActorUpdate, updateActor } from './update-actor.ts'

/** Methods for actors: `authority.actors`. */
export interface ActorsGroup {
  /**
   * Registers an actor. Of many simultaneous registrations of one identity exactly one succeeds;
   * the others are refused with `identity_taken`, and `issues` names the field. Also refuses
   * `access_denied` where the setting `registration` does not allow it, `credentials_invalid` for a
   * wrong, used or expired invitation, `invalid_request`, `password_refused`, `throttled`, `busy`.
   */
  register(
    registration: Registration,
    options?: CallOptions,
  ): Promise<{ ok: true; actor: Actor } | Refusal>
  /**
   * Creates an invitation: a one-time code with which one actor registers, valid for the setting
   * `invitation.lifetimeMs`. Refuses `access_denied` where the setting `registration` is `closed`.
   */
  invite(
    invitation?: Invitation,
    options?: CallOptions,
  ): Promise<({ ok: true } & IssuedCode) | Refusal>
  /**
   * Returns until when a one-time code is valid, without using it. Refuses `credentials_invalid` for a
   * wrong, used, replaced or expired code, and `throttled` by address.
   */
  checkCode(
    code: { readonly purpose: CodePurpose; readonly code: string },
    options?: CallOptions,
  ): Promise<{ ok: true; expiresAt: number | null } | Refusal>
  /**
   * Deletes an actor with its credentials; its sessions and all impersonations of it end. Its
   * identities are kept from other actors for the setting `identity.holdMs`. The audit trail keeps its
   * id and loses its personal data at the next pruning. Refuses `not_found`, and `conflict` for the
   * last active administrator.
   */
  delete(id: string, options?: CallOptions): Promise<{ ok: true; ended: number } | Refusal>
  /**
   * Returns what the authority stores about an actor, without secrets: the actor, its live sessions
   * and a page of its audit entries, newest first. Refuses `not_found`.
   */
  export(
    id: string,
    page?: { readonly limit?: number; readonly after?: string },
    options?: CallOptions,
  ): Promise<({ ok: true } & ActorExport) | Refusal>
  /**
   * Adds an actor with a password hash made by another system. The hash verifies unchanged and is
   * replaced at the first login.
   */
  import(
    imported: ImportedActor,
    options?: CallOptions,
  ): Promise<{ ok: true; actor: Actor } | Refusal>
  /**
   * Changes an actor's name, its e-mail address or both in one write; omitted fields stay. Refuses
   * `identity_taken` (`issues` names the field), `invalid_request`, `not_found`, `throttled`, and
   * if `currentPassword` is given `credentials_invalid` and `busy`.
   */
  update(update: ActorUpdate, options?: CallOptions): Promise<{ ok: true; actor: Actor } | Refusal>
  /** Returns an actor by id, suspended or not; null if there is none. */
  find(id: string, options?: CallOptions): Promise<Actor | null>
  /** Returns the actor with a name or an e-mail address as typed, suspended or not; null if there is none. */
  findByIdentity(identity: string, options?: CallOptions): Promise<Actor | null>
  /** Lists actors of the authority's own directory, oldest first, in pages. */
  search(query: ActorQuery, options?: CallOptions): Promise<Page<Actor>>
  /**
   * Suspends an actor: it cannot log in, and all its sessions and all impersonations of it end.
   * Returns null if there is none. Throws `conflict` for the last active administrator.
   */
  suspend(id: string, options?: CallOptions): Promise<Actor | null>
  /** Allows a suspended actor to log in again. Returns null if there is none. */
  restore(id: string, options?: CallOptions): Promise<Actor | null>
  /**
   * Replaces an actor's roles. Removing a role takes effect at the next check of the actor's
   * sessions. Returns null if there is no such actor. Throws `conflict` if no active administrator
   * would be left.
   */
  setRoles(id: string, roles: readonly string[], options?: CallOptions): Promise<Actor | null>
  /**
   * Announces to every node that an actor of an application's own directory has changed: it is read
   * again at the next check.
   */
  changed(id: string): Promise<void>
  /**
   * Creates the one-time code that registers the first administrator, and replaces an earlier code.
   * Returns null if there is an administrator. The code is valid for 15 minutes and one use; only
   * its hash is stored. With `recovery` it is also created where there is an administrator. With
   * `node` it returns null if another node has created a code that may still be valid.
   */
  createClaimCode(options?: ClaimCodeOptions): Promise<string | null>
  /**
   * Registers the first administrator with a claim code and logs in. Refuses `credentials_invalid`
   * for a wrong, used or expired code, `throttled`, and the codes of `register` (the claim code
   * then stays valid).
   */
  claim(request: Claim, options?: CallOptions): Promise<LoggedIn | Refusal>
}

export function createActorsGroup(context: AuthorityContext): ActorsGroup {
  return {
    register: (registration, options = {}) => register(context, registration, options),
    invite: (invitation = {}, options = {}) => invite(context, invitation, options),
    checkCode: (code, options = {}) => checkCode(context, code, options),
    delete: (id, options = {}) => deleteActor(context, id, options),
    export: (id, page = {}, options = {}) => exportActor(context, id, page, options),
    import: (imported, options = {}) => importActor(context, imported, options),
    update: (update, options = {}) => updateActor(context, update, options),
    find: async (id, options = {}) =>
      (await context.findCredential(id, options.signal))?.actor ?? null,
    async findByIdentity(identity, options = {}) {
      const canonical = canonicalIdentity(identity)
      if (canonical === null) return null
      const find = () => context.directory.findByIdentity(canonical)
      return (await context.ask(find, options.signal))?.actor ?? null
    },
    search: (query, options = {}) =>
      context.ask(() => context.store.directory.search(query), options.signal),
    suspend: (id, options = {}) => suspend(context, id, options),
    restore: (id, options = {}) => restore(context, id, options),
    setRoles: (id, roles, options = {}) => setRoles(context, id, roles, options),
    changed: (id) => context.announce({ kind: 'actor-changed', id }),
    createClaimCode: (options = {}) => createClaimCode(context, options),
    claim: (request, options = {}) => claim(context, request, options),
  }
}
