/** Resolves what the test of connect-redis imports to `connect-redis.ts`. */
import { registerHooks } from 'node:module'

const REPLACED = new Set(['vitest', 'redis', './', './testdata/server'])

registerHooks({
  resolve(specifier, context, next) {
    if (context.parentURL?.endsWith('/index_test.ts') !== true) return next(specifier, context)
    const file = new URL('./connect-redis.ts', import.meta.url).href
    if (REPLACED.has(specifier)) return next(file, context)
    // The library that the test takes the cookie from is a dependency of this repository.
    return next(specifier, { ...context, parentURL: file })
  },
})
