/** `mage.core.config`: the application's configuration. */
export interface ConfigTree {
  /** Returns the value at a path, `['module', 'session', 'ttl']` or `module.session.ttl`; the default if there is none. */
  get(path: string | readonly string[], defaultValue?: unknown): unknown
}

/** Makes `mage.core.config`. `root` returns the configuration, at every call. */
export function createConfigTree(root: () => unknown): ConfigTree {
  return {
    get(path, defaultValue) {
      const keys = typeof path === 'string' ? path.split('.') : path
      const found = keys.reduce<unknown>(
        (value, key) => (isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined),
        root(),
      )
      return found === undefined ? defaultValue : found
    },
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
