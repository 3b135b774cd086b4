/** Reads the headers of a request: a `Headers` object is one. Names are in lower case. */
export interface HeaderReader {
  /** The value of a header, or null. */
  get(name: string): string | null
}

/** Reads the headers of a `node:http` request as a `Headers` object returns them. */
export class NodeHeaders implements HeaderReader {
  readonly #headers: Readonly<Record<string, string | readonly string[] | undefined>>

  constructor(headers: Readonly<Record<string, string | readonly string[] | undefined>>) {
    this.#headers = headers
  }

  get(name: string): string | null {
    const value = this.#headers[name]
    if (typeof value === 'string') return value
    return value === undefined ? null : value.join(', ')
  }
}
