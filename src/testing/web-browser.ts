import assert from 'node:assert/strict'
import type { WebRequestInit, WebSubject } from './web-case.ts'

/** What the application answers about a request. */
export interface Me {
  /** The display name of the user; null without a login. */
  readonly user: string | null
  /** The state of the login: `anonymous`, `fresh`, `remembered` or `impersonator`. */
  readonly state: string
  /** Under impersonation the display name of the user that acts; else null. */
  readonly original: string | null
  /** The public handle of the session; null if there is none. */
  readonly id: string | null
  /** The data of the session. */
  readonly data: Readonly<Record<string, unknown>>
}

/** A client that keeps cookies as a browser does, and sends `Origin`. */
export interface WebBrowser {
  /** Cookies by name. */
  readonly jar: Map<string, string>
  /** The attributes of the cookies that were set, by name, of the last that did. */
  readonly attributes: Map<string, string>
  /** Sends a request with the cookies, and keeps those of the answer. */
  send(method: string, path: string, init?: WebRequestInit): Promise<Response>
  /** Sends a request that must be answered with 200. */
  ask(method: string, path: string, body?: unknown): Promise<Me>
  /** Sends a request that must be answered with a status, and returns the code of the error. */
  refused(status: number, method: string, path: string, body?: unknown): Promise<unknown>
  /** Logs in with the password `NAME-secret`. */
  logIn(name: string): Promise<Me>
  /** Returns the token in the session's cookie. */
  token(): string | undefined
  /** Returns a browser with a copy of the cookies. */
  clone(): WebBrowser
}

/** Makes a browser without cookies. */
export function webBrowser(subject: WebSubject, jar: Map<string, string> = new Map()): WebBrowser {
  const attributes = new Map<string, string>()
  const browser: WebBrowser = {
    jar,
    attributes,
    async send(method, path, init = {}) {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const headers = { 'sec-fetch-site': 'same-origin', ...init.headers }
      const all = cookie === '' ? headers : { cookie, ...headers }
      const response = await subject.send(method, path, { ...init, headers: all })
      for (const header of response.headers.getSetCookie()) keep(jar, attributes, header)
      return response
    },
    async ask(method, path, body) {
      const response = await browser.send(method, path, body === undefined ? {} : { body })
      const text = await response.text()
      assert.equal(response.status, 200, `${method} ${path}: ${response.status} ${text}`)
      return JSON.parse(text)
    },
    async refused(status, method, path, body) {
      const response = await browser.send(method, path, body === undefined ? {} : { body })
      const text = await response.text()
      assert.equal(response.status, status, `${method} ${path}: ${response.status} ${text}`)
      return text.startsWith('{') ? Reflect.get(JSON.parse(text), 'code') : undefined
    },
    logIn: (name) => browser.ask('POST', '/login', { name, password: `${name}-secret` }),
    token: () => jar.get('__Host-latchkey'),
    clone: () => webBrowser(subject, new Map(jar)),
  }
  return browser
}

function keep(jar: Map<string, string>, attributes: Map<string, string>, header: string): void {
  const [pair = '', ...rest] = header.split('; ')
  const at = pair.indexOf('=')
  const name = pair.slice(0, at)
  attributes.set(name, rest.join('; '))
  if (rest.includes('Max-Age=0')) jar.delete(name)
  else jar.set(name, pair.slice(at + 1))
}
