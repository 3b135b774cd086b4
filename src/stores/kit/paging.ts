import { LatchkeyError } from '../../core/errors.ts'

/** The listing of a cursor: a cursor of another listing is refused. */
export type Listing = 'sessions' | 'actors' | 'audit' | 'trail'

const MAX_PAGE = 1000

/**
 * Returns the opaque cursor of a position, which is the creation number of the last item returned.
 */
export function cursorAt(listing: Listing, position: number): string {
  return Buffer.from(`${listing}:${position}`).toString('base64url')
}

/**
 * Returns the position of a cursor, or null without one. Throws `invalid_request` for any text that
 * {@link cursorAt} did not return for this listing.
 */
export function positionOf(listing: Listing, cursor: string | undefined): number | null {
  if (cursor === undefined) return null
  if (typeof cursor === 'string' && cursor.length <= 40) {
    const text = Buffer.from(cursor, 'base64url').toString('latin1')
    const position = Number(/^[a-z]+:(\d{1,15})$/.exec(text)?.[1])
    if (Number.isSafeInteger(position) && cursorAt(listing, position) === cursor) return position
  }
  throw new LatchkeyError(
    'invalid_request',
    'This is not a cursor of this list. Pass the cursor of its previous page.',
    {
      issues: [{ path: 'after', message: 'not a cursor of this list' }],
    },
  )
}

/** Returns the requested page size. Throws `invalid_request` unless it is 1 to 1,000. */
export function pageSize(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE) return limit
  throw new LatchkeyError('invalid_request', `A page holds 1 to ${MAX_PAGE} items.`, {
    issues: [{ path: 'limit', message: `must be 1 to ${MAX_PAGE}` }],
  })
}

/**
 * Returns a page from rows that were read one beyond the limit, so that the last page has no
 * `next`.
 */
export function cutPage<Row, Item>(
  rows: readonly Row[],
  page: {
    readonly listing: Listing
    readonly limit: number
    readonly position: (row: Row) => number
    readonly item: (row: Row) => Item
  },
): { readonly items: readonly Item[]; readonly next?: string } {
  const shown = rows.slice(0, page.limit)
  const items = shown.map(page.item)
  const last = shown.at(-1)
  if (rows.length <= page.limit || last === undefined) return { items }
  return { items, next: cursorAt(page.listing, page.position(last)) }
}
