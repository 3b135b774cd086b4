/**
 * Returns the values for a command's parameters, in order. The own properties of an object are matched by name: unknown ones are dropped,
 * missing ones are undefined. The values of a list are matched by position; missing ones are undefined. Returns null for a list that is
 * too long, and for anything else.
 */
export function mapParameters(names: readonly (string | null)[], given: unknown): unknown[] | null {
  if (Array.isArray(given)) {
    if (given.length > names.length) return null
    return names.map((_, at) => given[at])
  }
  if (typeof given !== 'object' || given === null) return null
  const values = given as Readonly<Record<string, unknown>>
  return names.map((name) =>
    name !== null && Object.hasOwn(values, name) ? values[name] : undefined,
  )
}
