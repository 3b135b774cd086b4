import { syncBuiltinESMExports } from 'node:module'
import type { TestContext } from 'node:test'

/**
 * Replaces timers for the library too, which takes its own from `node:timers`: fake timers of an
 * application do not reach them. Returns a function that restores them before the test ends.
 */
export function mockTimers(
  t: TestContext,
  apis: ('setTimeout' | 'setInterval' | 'setImmediate' | 'Date')[],
): () => void {
  t.mock.timers.enable({ apis })
  syncBuiltinESMExports()
  const restore = () => {
    t.mock.timers.reset()
    syncBuiltinESMExports()
  }
  t.after(restore)
  return restore
}
