import type { ParsedToken } from './codec.ts'

/** Tokens of each of its two halves: a text and what it says are about 1.5 KB, and never more than 6. */
export const MAX_TOKENS = 4096

/**
 * What tokens say, by their exact text, so that one that comes with every call is taken apart once. Nothing is known here of whether a
 * token is good. Holds the texts in memory, of the last 4,096 to 8,192 tokens that were asked for.
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
    // Under the text that is held already.
    this.#before.delete(token)
    this.keep(token, before)
    return before
  }

  keep(token: string, parsed: ParsedToken): void {
    if (this.#recent.size >= MAX_TOKENS) {
      this.#before = this.#recent
      this.#recent = new Map()
    }
    // A copy: a slice would hold on to the whole header that it was cut from.
    this.#recent.set(Buffer.from(token).toString('latin1'), parsed)
  }
}
