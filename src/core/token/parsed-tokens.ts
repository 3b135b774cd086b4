import type { ParsedToken } from './codec.ts'

/**
 * Tokens in each of the two halves: a text and its parsed token take about 1.5 KB, and at most 6
 * KB.
 */
export const MAX_TOKENS = 4096

/**
 * Caches parsed tokens by their exact text, so that a token sent with every call is parsed once. It
 * does not contain whether a token is valid. Holds the last 4,096 to 8,192 requested tokens in
 * memory.
 */
export class ParsedTokens {
  #recent = new Map<string, ParsedToken>()
  #before = new Map<string, ParsedToken>()

  get size(): number {
    return this.#recent.size + this.#before.size
  }

  find(token: string): ParsedToken | undefined {
    const recent = this.#recent.get(token)
    if (recent !== undefined) return recent
    const before = this.#before.get(token)
    if (before === undefined) return undefined
    // The entry keeps the text that is already held.
    this.#before.delete(token)
    this.keep(token, before)
    return before
  }

  keep(token: string, parsed: ParsedToken): void {
    if (this.#recent.size >= MAX_TOKENS) {
      this.#before = this.#recent
      this.#recent = new Map()
    }
    // A copy, because a slice would keep the whole header in memory.
    this.#recent.set(Buffer.from(token).toString('latin1'), parsed)
  }
}
