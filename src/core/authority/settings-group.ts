import type { SettingName, SettingState, Settings } from '../settings.ts'
import type { AuthorityContext, CallOptions } from './context.ts'

/** Settings that can change while the authority runs: `authority.settings`. */
export interface SettingsGroup {
  /** Returns the current value, from memory. */
  get<N extends SettingName>(name: N): Settings[N]
  /** Returns every setting with its value, its default and its meaning. */
  list(): readonly SettingState[]
  /**
   * Changes a setting durably and on every node; `undefined` restores the default. Throws
   * `invalid_request` for an unknown name or a value that is not allowed.
   */
  set<N extends SettingName>(
    name: N,
    value: Settings[N] | undefined,
    options?: CallOptions,
  ): Promise<void>
}

export function createSettingsGroup(context: AuthorityContext): SettingsGroup {
  return {
    get: (name) => context.settings.get(name),
    list: () => context.settings.list(),
    async set(name, value, options = {}) {
      await context.write(
        () => context.settings.set(name, value),
        () => ({ kind: 'settings-changed' }),
        options.signal,
      )
      const detail = { name, value: JSON.stringify(value) ?? null }
      const facts = { actor: options.by ?? null, detail }
      const entry = context.entry('setting_changed', 'ok', facts, options)
      await context.ask(() => context.store.audit.append([entry]))
    },
  }
}
