import type { HttpCall } from '../client/http/index.ts'
import type { Client } from './client-options.ts'
import { type Column, printListing } from './output.ts'

export interface Listing<Row> {
  readonly path: string
  /** The field of the answer that holds the rows. */
  readonly key: string
  readonly query: HttpCall['query']
  readonly limit: number
  readonly columns: readonly Column<Row>[]
}

/** Prints a listing of the server page by page, up to its limit. A line on standard error tells when there are more rows. */
export async function list<Row>({ api, format }: Client, listing: Listing<Row>): Promise<void> {
  const { path, key, query, limit, columns } = listing
  let more = false
  async function* pages() {
    const ending = yield* api.pages<Row>(path, key, query, limit)
    more = ending.more
  }
  await printListing(pages(), { format, columns })
  if (more)
    process.stderr.write(`There are more than ${limit} rows. Raise --limit to print them.\n`)
}
