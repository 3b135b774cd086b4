import type { HeaderReader } from './header-reader.ts'

/**
 * Whether a page of the request's own origin made it. An unsafe method with a cookie needs this, and so does any answer that sets a
 * cookie. `publicOrigin` replaces the origin of the `Host` header. A request with neither `Origin` nor
 * `Sec-Fetch-Site: same-origin` is not of the same origin.
 */
export function isSameOrigin(
  request: { readonly headers: HeaderReader; readonly url: string },
  publicOrigin: string | null,
): boolean {
  const origin = request.headers.get('origin')
  if (origin === null) return request.headers.get('sec-fetch-site') === 'same-origin'
  if (publicOrigin !== null) return origin === publicOrigin
  const host = request.headers.get('host') ?? new URL(request.url).host
  return origin === `http://${host}` || origin === `https://${host}`
}

const LOOPBACK_HOST = /^(localhost|[\w-]+\.localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i

/**
 * Whether a `Host` header is allowed. An entry without a port (`example.test`) allows every port. In development loopback hosts are
 * allowed too. In production an empty list allows every host.
 */
export function isAllowedHost(
  host: string,
  allowed: readonly string[],
  development: boolean,
): boolean {
  if (allowed.length === 0 && !development) return true
  const name = host.toLowerCase()
  const withoutPort = name.replace(/:\d+$/, '')
  const listed = allowed.some((entry) => {
    const wanted = entry.toLowerCase()
    return wanted === name || wanted === withoutPort
  })
  return listed || (development && LOOPBACK_HOST.test(name))
}
