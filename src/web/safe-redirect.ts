/**
 * Returns a redirect target if it is a path of this site, else `fallback` (`/` by default). Refused are other origins (`//evil`,
 * `\evil`, `https://evil`), other schemes (`javascript:`) and text with control characters.
 */
export function safeRedirect(target: unknown, fallback = '/'): string {
  return typeof target === 'string' && isLocalPath(target) ? target : fallback
}

const BASE = 'http://local.invalid'

function isLocalPath(target: string): boolean {
  if (target.length > 2048 || !/^\/(?![/\\])[^\\\p{Cc}]*$/u.test(target)) return false
  return URL.canParse(target, BASE) && new URL(target, BASE).origin === BASE
}
