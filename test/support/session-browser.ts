import assert from 'node:assert/strict'

/** A client that keeps its cookies between requests, as a browser does. */
export interface CookieBrowser {
  /** The cookies, as the header contains them. */
  readonly cookie: string
  /** Sends a GET request, which must be answered with 200, and returns the JSON of the answer. */
  ask(path: string): Promise<unknown>
}

export function createCookieBrowser(base: string): CookieBrowser {
  const cookies = new Map<string, string>()
  const header = () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  return {
    get cookie() {
      return header()
    },
    async ask(path) {
      const response = await fetch(base + path, { headers: { cookie: header() } })
      for (const text of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? []
        cookies.set(name, value)
      }
      const text = await response.text()
      assert.equal(response.status, 200, text)
      return JSON.parse(text)
    },
  }
}
