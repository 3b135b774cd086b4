import type { Store } from '../../core/index.ts'

const PORTS = [
  'directory',
  'sessions',
  'data',
  'counters',
  'documents',
  'audit',
  'mailboxes',
] as const

/** Receives the duration of a call of a store, in milliseconds: `sessions.create`. */
export type OnStoreCall = (verb: string, ms: number, failed: boolean) => void

/** Returns a store that reports the duration of each call. */
export function measuredStore(store: Store, onCall: OnStoreCall): Store {
  const measured = { ...store, close: () => store.close() }
  for (const port of PORTS)
    Object.assign(measured, { [port]: measuredPort(port, store[port], onCall) })
  return measured
}

function measuredPort<Port extends object>(name: string, port: Port, onCall: OnStoreCall): Port {
  const methods = new Map<PropertyKey, unknown>()
  return new Proxy(port, {
    get(target, key) {
      const known = methods.get(key)
      if (known !== undefined) return known
      const value: unknown = Reflect.get(target, key)
      if (typeof value !== 'function') return value
      const method = measuredMethod(`${name}.${String(key)}`, value.bind(target), onCall)
      methods.set(key, method)
      return method
    },
  })
}

function measuredMethod(
  verb: string,
  method: (...given: unknown[]) => unknown,
  onCall: OnStoreCall,
): (...given: unknown[]) => unknown {
  return (...given) => {
    const startedAt = performance.now()
    const result = method(...given)
    if (!(result instanceof Promise)) return result
    return result.then(
      (value: unknown) => {
        onCall(verb, performance.now() - startedAt, false)
        return value
      },
      (error: unknown) => {
        onCall(verb, performance.now() - startedAt, true)
        throw error
      },
    )
  }
}
