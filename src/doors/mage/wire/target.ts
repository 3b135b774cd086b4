import { posix } from 'node:path'

/** The target of a request: commands, or a path of the application that does not exist. */
export type Target =
  | { readonly kind: 'commands'; readonly names: readonly string[]; readonly query: string }
  | { readonly kind: 'missing' }

/**
 * Reads the target of a request. The path is percent-decoded, and `.` and `..` are resolved. Below `/<app>/` the names of the commands follow
 * the last slash, separated by commas. Returns null for a path outside of the application.
 */
export function readTarget(url: string, app: string): Target | null {
  const mark = url.indexOf('?')
  const raw = mark === -1 ? url : url.slice(0, mark)
  const query = mark === -1 ? '' : url.slice(mark + 1)
  if (!raw.startsWith('/')) return null
  const plain = !raw.includes('%') && !raw.includes('/.') && !raw.includes('//')
  const path = plain ? raw : resolved(raw)
  if (path === null) return isBelow(raw, app) ? { kind: 'missing' } : null
  if (path === `/${app}` || path === `/${app}/`) return { kind: 'missing' }
  if (!isBelow(path, app)) return null
  const whole = path.endsWith('/') ? path.slice(0, -1) : path
  return { kind: 'commands', names: whole.slice(whole.lastIndexOf('/') + 1).split(','), query }
}

function isBelow(path: string, app: string): boolean {
  return path.startsWith(`/${app}/`)
}

function resolved(raw: string): string | null {
  try {
    return posix.resolve('/', decodeURIComponent(raw))
  } catch {
    return null
  }
}
