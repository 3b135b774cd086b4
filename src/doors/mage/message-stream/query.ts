/** The query of a request for the stream. */
export interface StreamQuery {
  /** The transport, unchecked; undefined if there is none. */
  readonly transport: string | undefined
  /** The session key; null if there is none. */
  readonly sessionKey: string | null
  readonly confirmIds: readonly number[]
}

/** Reads the query of a URL, and the first `maxIds` confirmed ids in it. Returns null for another path. Never throws. */
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

/** Returns the first `max` ids of a list such as `1,2`. What is not an id is skipped. */
export function readIds(text: string, max: number): number[] {
  if (text === '') return []
  return text
    .split(',', max)
    .map((part) => part.trim())
    .filter((part) => /^[1-9]\d{0,14}$/.test(part))
    .map(Number)
}
