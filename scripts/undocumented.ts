import type { ApiEntry } from './public-api.ts'

/** Returns the public names and members without a text of their own, as `file: Name.member`, sorted. */
export function findUndocumented(entries: readonly ApiEntry[]): readonly string[] {
  const found = new Set<string>()
  for (const { name, doc, members, file } of entries.flatMap(({ symbols }) => symbols)) {
    if (isEmpty(doc)) found.add(`${file}: ${name}`)
    for (const member of members) {
      if (isEmpty(member.doc)) found.add(`${file}: ${name}.${member.name}`)
    }
  }
  return [...found].sort()
}

// An editor shows nothing for a bare link.
function isEmpty(doc: string): boolean {
  return doc.replace(/\{@link [^}]*\}\.?/g, '').trim() === ''
}
