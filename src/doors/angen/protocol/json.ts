/** Returns JSON without white space, with the keys in alphabetical order at every level. */
export function orderedJson(value: unknown): string {
  return JSON.stringify(value, ordered) ?? 'null'
}

function ordered(_key: string, value: unknown): unknown {
  if (!isObject(value)) return value
  const keys = Object.keys(value)
  if (keys.length < 2) return value
  return Object.fromEntries(keys.sort().map((key) => [key, value[key]]))
}

/** Returns whether a JSON value is an object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Returns a time as the protocol writes it: `2026-01-31T12:00:00Z`. */
export function utcSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
