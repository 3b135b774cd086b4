/** The access tag of a banned user, who has access to no command. */
export const BAN_GROUP = 'banned'

/** In an access list: anyone. As an access tag of a session, in development: access to every command. */
export const ANYONE = '*'

/**
 * Returns whether a session with the given access tags has access by an access list. A banned session has none. A list that is missing or
 * empty admits no one, `*` in it admits anyone, and else one tag must be in both. The tag `*` of a session counts only in development.
 */
export function hasAccess(
  tags: readonly string[],
  acl: unknown,
  { development }: { readonly development: boolean },
): boolean {
  if (tags.includes(BAN_GROUP)) return false
  if (development && tags.includes(ANYONE)) return true
  if (!Array.isArray(acl)) return false
  return acl.includes(ANYONE) || tags.some((tag) => tag !== ANYONE && acl.includes(tag))
}
