/** Adds a value to the set of a key. */
export function add<Value>(sets: Map<string, Set<Value>>, key: string, value: Value): void {
  const siblings = sets.get(key)
  if (siblings === undefined) sets.set(key, new Set([value]))
  else siblings.add(value)
}

/** Removes a value from the set of a key, and the set if it is empty. */
export function remove<Value>(sets: Map<string, Set<Value>>, key: string, value: Value): void {
  const siblings = sets.get(key)
  siblings?.delete(value)
  if (siblings?.size === 0) sets.delete(key)
}

/** Counts items by a key. */
export function countBy<Item>(
  items: Iterable<Item>,
  keyOf: (item: Item) => string,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1)
  return counts
}
