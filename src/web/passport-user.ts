/**
 * Returns the id of the user that Passport keeps in a session, for the option `userOf` of `sessions`: the sessions then belong to their
 * users, and can be listed and ended by user. `serializeUser` must store the id.
 */
export function passportUser(data: Readonly<Record<string, unknown>>): string | number | null {
  const user: unknown = Reflect.get(Object(data['passport']), 'user')
  return typeof user === 'string' || typeof user === 'number' ? user : null
}
