import { LatchkeyError } from '../core/index.ts'

/** A whole path (`/login`), a path and all below it (`/admin/*`), or a regular expression that the whole path must match. */
export type PathPattern = string | RegExp

/**
 * Returns whether a path is one of those that need no login. Both the path as received and the decoded, normalised path must match, so
 * that no spelling of another path is taken for one of these. Throws `invalid_request` for a pattern that is not valid.
 */
export function pathExcluder(patterns: readonly PathPattern[]): (url: string) => boolean {
  const tests = patterns.map((pattern) => testOf(pattern, false))
  return (url) => {
    const received = pathOf(url)
    const path = normalPath(received)
    return path !== null && tests.some((test) => test(received)) && tests.some((test) => test(path))
  }
}

/**
 * Returns whether a path is one of those that need a login. Upper case and a slash at the end do not count, because routers ignore them
 * too; a path that cannot be decoded needs a login. Throws `invalid_request` for a pattern that is not valid.
 */
export function pathIncluder(patterns: readonly PathPattern[]): (url: string) => boolean {
  const tests = patterns.map((pattern) => testOf(pattern, true))
  return (url) => {
    const received = pathOf(url)
    const path = normalPath(received)
    if (path === null) return true
    const spellings = [received, path].map(withoutSlash)
    return tests.some((test) => spellings.some(test))
  }
}

function withoutSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') || '/' : path
}

function testOf(pattern: PathPattern, ignoreCase: boolean): (path: string) => boolean {
  if (pattern instanceof RegExp) {
    const flags = pattern.flags.replace(/[gyi]/g, '') + (ignoreCase ? 'i' : '')
    const whole = new RegExp(`^(?:${pattern.source})$`, flags)
    return (path) => whole.test(path)
  }
  if (typeof pattern !== 'string' || !pattern.startsWith('/')) {
    throw new LatchkeyError('invalid_request', 'A pattern of paths begins with "/".')
  }
  if (pattern === '/*') return () => true
  if (pattern.includes('*') && !/^[^*]*\/\*$/.test(pattern)) {
    throw new LatchkeyError(
      'invalid_request',
      'A pattern of paths may have "*" only as its last part.',
    )
  }
  const fold = (path: string) => (ignoreCase ? path.toLowerCase() : path)
  const below = pattern.endsWith('/*')
  const base = fold(below ? pattern.slice(0, -2) : withoutSlash(pattern))
  const whole = ignoreCase ? base : pattern
  if (!below) return (path) => fold(path) === whole
  return (path) => fold(path) === base || fold(path).startsWith(`${base}/`)
}

/** Returns the path of a URL as received, without host and query. */
function pathOf(url: string): string {
  const text = url.replace(/[?#].*$/s, '')
  const absolute = /^[a-z][a-z\d+.-]*:\/\/[^/]*/i.exec(text)
  return absolute === null ? text : text.slice(absolute[0].length) || '/'
}

/** Returns a path decoded and normalised: `//`, `/./` and `/../` are resolved. Null if it cannot be decoded. */
function normalPath(path: string): string | null {
  let text: string
  try {
    text = decodeURIComponent(path)
  } catch {
    return null
  }
  if (/[\0\\]/.test(text)) return null
  const parts: string[] = []
  for (const part of text.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  const slash = text.length > 1 && text.endsWith('/') && parts.length > 0 ? '/' : ''
  return `/${parts.join('/')}${slash}`
}
