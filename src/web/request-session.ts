/** Called when an operation is done, with its error or null. */
export type SessionCallback = (error?: unknown) => void

/** The operations behind a {@link RequestSession}. */
export interface SessionOperations {
  readonly id: string | null
  readonly cookie: RequestCookie
  regenerate(): Promise<void>
  rotate(): Promise<void>
  destroy(): Promise<void>
  reload(): Promise<void>
  save(): Promise<void>
  touch(): void
}

/** The cookie of a request's session, as express-session shows it. */
export interface RequestCookie {
  /** Milliseconds until the cookie expires. Set it to let the browser keep the cookie for a shorter time than the session. */
  maxAge: number
  /** The lifetime of a new cookie, in milliseconds. */
  readonly originalMaxAge: number
  /** When the cookie expires. */
  readonly expires: Date
  /** The path below which the cookie is sent. */
  readonly path: string
  /** The domain whose hosts get the cookie; undefined for only this host. */
  readonly domain: string | undefined
  /** Scripts cannot read the cookie. */
  readonly httpOnly: true
  /** Whether the cookie is sent over HTTPS only. */
  readonly secure: boolean
  /** When the cookie is sent with requests that another site caused. */
  readonly sameSite: string
}

/**
 * The data of a request's session: set and delete properties of it. What changed is stored before the answer is sent. The methods
 * return promises, and take callbacks as express-session does.
 */
export class RequestSession {
  readonly #operations: SessionOperations;
  [key: string]: unknown

  constructor(operations: SessionOperations, values: Readonly<Record<string, unknown>>) {
    this.#operations = operations
    assignValues(this, values)
  }

  /** The public handle of the session, null before it is stored. It is not a secret. */
  get id(): string | null {
    return this.#operations.id
  }

  /** The cookie of the session. */
  get cookie(): RequestCookie {
    return this.#operations.cookie
  }

  /**
   * Ends the session, and gives the request a new one without data and without a login. It is stored when something is stored in it.
   * Rejects with `conflict` if the session has ended meanwhile.
   */
  regenerate(callback?: SessionCallback): Promise<void> {
    return called(this.#operations.regenerate(), callback)
  }

  /** Replaces the id and the secret, and keeps the data and the login, for example when a user gets more rights. The old id ends. */
  rotate(callback?: SessionCallback): Promise<void> {
    return called(this.#operations.rotate(), callback)
  }

  /** Ends the session and removes its cookie. */
  destroy(callback?: SessionCallback): Promise<void> {
    return called(this.#operations.destroy(), callback)
  }

  /** Reads the stored data again, without what was changed. */
  reload(callback?: SessionCallback): Promise<void> {
    return called(this.#operations.reload(), callback)
  }

  /** Stores the data now, not only before the answer. */
  save(callback?: SessionCallback): Promise<void> {
    return called(this.#operations.save(), callback)
  }

  /** Lets the answer set the cookie again. A check counts as a use by itself. */
  touch(): this {
    this.#operations.touch()
    return this
  }
}

function called(done: Promise<void>, callback: SessionCallback | undefined): Promise<void> {
  if (typeof callback !== 'function') return done
  // The callback runs outside the promise, so that an error of it is not taken for one of the operation.
  return done.then(
    () => process.nextTick(callback),
    (error: unknown) => process.nextTick(callback, error),
  )
}

/** The names of {@link RequestSession} that data cannot have. */
const RESERVED = new Set(Object.getOwnPropertyNames(RequestSession.prototype))

/** Sets values as own properties. Ignores names of the session's own methods, and `__proto__`. */
export function assignValues(target: object, values: Readonly<Record<string, unknown>>): void {
  for (const key of Object.keys(values)) {
    if (RESERVED.has(key) || key === '__proto__') continue
    Reflect.set(target, key, values[key])
  }
}

// A property of the same name would hide a method from the application.
for (const name of RESERVED) {
  const property = Object.getOwnPropertyDescriptor(RequestSession.prototype, name)
  if (typeof property?.value !== 'function') continue
  Object.defineProperty(RequestSession.prototype, name, { ...property, writable: false })
}
