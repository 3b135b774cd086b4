/*
 * The part of AdonisJS's `HttpContext` that is used, declared here so that the library compiles without AdonisJS.
 */

/** Where a token is read from. */
export interface RequestContext {
  /** The request, with its headers and cookies. */
  readonly request: {
    header(name: string): string | undefined
    plainCookie(name: string, options: { encoded: boolean }): unknown
    encryptedCookie(name: string): unknown
  }
}

/** Where cookies are written to. */
export interface CookieContext {
  /** The response of the request. */
  readonly response: {
    plainCookie(name: string, value: string, options: Readonly<Record<string, unknown>>): unknown
    clearCookie(name: string, options?: Readonly<Record<string, unknown>>): unknown
  }
}

/** What an error is rendered to. */
export interface ResponseContext {
  readonly request: { accepts(types: string[]): unknown }
  readonly response: {
    status(code: number): unknown
    header(name: string, value: string): unknown
    send(body: unknown): void
  }
}

/**
 * The token of an `Authorization: Bearer` header, whatever the case of its scheme. Null where the request has no such header,
 * and the empty text where it has one without a token.
 */
export function bearerOf(ctx: RequestContext): string | null {
  const header = ctx.request.header('authorization') ?? ''
  if (!/^bearer(?: |$)/i.test(header)) return null
  return /^bearer +(\S+) *$/i.exec(header)?.[1] ?? ''
}
