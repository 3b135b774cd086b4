import type { Bus } from '../../core/ports/index.ts'

/** The bus of a node that is alone: there is no one to tell, and its cache is never behind. */
export function soloBus(): Bus {
  return {
    async publish() {},
    subscribe: () => () => {},
    trustedUntil: () => Number.POSITIVE_INFINITY,
  }
}
