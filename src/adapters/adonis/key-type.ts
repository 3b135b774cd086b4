/** The type of a primary key, in the database. */
export type KeyType = 'integer' | 'bigint' | 'uuid' | 'string'

const LARGEST_INTEGER = 2_147_483_647n
const LARGEST_BIGINT = 9_223_372_036_854_775_807n
const DIGITS = /^(?:0|[1-9]\d{0,18})$/
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const PRINTABLE = /^[\x21-\x7e]{1,254}$/

/**
 * The value of an id for a query, or null if the text is not an id of that type in its one canonical form. A text that is
 * refused here never reaches the database, which would answer some of them with an error.
 */
export function parseKey(type: KeyType, text: string): number | string | null {
  switch (type) {
    case 'integer':
      return DIGITS.test(text) && BigInt(text) <= LARGEST_INTEGER ? Number(text) : null
    case 'bigint':
      return DIGITS.test(text) && BigInt(text) <= LARGEST_BIGINT ? text : null
    case 'uuid':
      return UUID.test(text) ? text : null
    case 'string':
      return PRINTABLE.test(text) ? text : null
  }
}

/** Orders two ids of one type: numbers by value, texts by their characters. */
export function compareKeys(type: KeyType, a: unknown, b: unknown): number {
  if (type === 'integer' || type === 'bigint') {
    const difference = BigInt(String(a)) - BigInt(String(b))
    return difference < 0n ? -1 : difference > 0n ? 1 : 0
  }
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0
}
