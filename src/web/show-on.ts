import { exchangeOf } from './exchange.ts'
import type { RequestSession } from './request-session.ts'
import type { UserToken } from './user-token.ts'

const shown = new WeakSet<object>()

/**
 * Lets requests of an application show `session`, `sessionID` and `auth`. They are getters of the application's request prototype, which
 * cost nothing until they are read.
 */
export function showOn(request: object): void {
  const prototype: unknown = Object.getPrototypeOf(request)
  if (typeof prototype !== 'object' || prototype === null || shown.has(prototype)) return
  shown.add(prototype)
  show(prototype, 'session', (own): RequestSession => exchangeOf(own).session)
  show(prototype, 'sessionID', (own): string | null => exchangeOf(own).session.id)
  show(prototype, 'auth', (own): UserToken => exchangeOf(own).auth)
}

function show(prototype: object, name: string, read: (request: object) => unknown): void {
  Object.defineProperty(prototype, name, {
    configurable: true,
    get(this: object) {
      return read(this)
    },
    // Another library may set a value of its own, such as a session of its own.
    set(this: object, value: unknown) {
      Object.defineProperty(this, name, { configurable: true, writable: true, value })
    },
  })
}
