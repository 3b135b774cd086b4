/**
 * The values for a command's parameters, in their order. An object is taken by name: its own properties only, what the command
 * does not know is dropped, what is missing is undefined. A list is taken by position, padded with undefined. Null for a
 * list that is too long and for what is neither.
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
