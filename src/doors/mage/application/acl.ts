/** The tag of a user who may do nothing. */
export const BAN_GROUP = 'banned'

/** In an access list anyone; among the tags of a session, in development, everything. */
export const ANYONE = '*'

/** What an access list says of who asks. */
export type AccessAnswer = 'allowed' | 'auth' | 'banned'

/**
 * Whether a session with these tags may run a command with that list: a ban beats all, a missing or empty list is nobody, `*` in the list
 * is anyone, else one tag must be in both. `*` among the session's own tags is everything, in development only.
 */
export function checkAccess(
  mine: readonly string[],
  wanted: unknown,
  { development }: { readonly development: boolean },
): AccessAnswer {
  if (mine.includes(BAN_GROUP)) return 'banned'
  if (development && mine.includes(ANYONE)) return 'allowed'
  if (!Array.isArray(wanted)) return 'auth'
  if (wanted.includes(ANYONE) || mine.some((tag) => tag !== ANYONE && wanted.includes(tag))) {
    return 'allowed'
  }
  return 'auth'
}
