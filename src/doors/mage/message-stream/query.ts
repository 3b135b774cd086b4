/** What the query of a request for the stream says. */
export interface StreamQuery {
  /** The transport as it stands there; undefined where none does. */
  readonly transport: string | undefined
  /** The session key; null where there is none. */
  readonly sessionKey: string | null
  readonly confirmIds: readonly number[]
}

/** Reads the query of a URL when its path is that of the stream, else null. Never throws; of the confirmed ids the first `maxIds` are read. */
export function readStreamQuery(url: string, path: string, maxIds: number): StreamQuery | null {
  const mark = url.indexOf('?')
  if ((mark === -1 ? url : url.slice(0, mark)) !== path) return null
  const query = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1))
  return {
    transport: query.get('transport') ?? undefined,
    sessionKey: query.get('sessionKey') || null,
    confirmIds: readIds(query.get('confirmIds') ?? '', maxIds),
  }
}

/** The ids in a list like `1,2`, the first `max` of them; what is no id is passed over. */
export function readIds(text: string, max: number): number[] {
  if (text === '') return []
  return text
    .split(',', max)
    .map((part) => part.trim())
    .filter((part) => /^[1-9]\d{0,14}$/.test(part))
    .map(Number)
}
