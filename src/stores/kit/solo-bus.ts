import type { Bus } from '../../core/ports/index.ts'

/** Returns the bus of a single node: no other node exists, and its cache is always current. */
export function soloBus(): Bus {
  return {
    publish: async () => [],
    subscribe: () => () => {},
    isTrusted: () => true,
  }
}
