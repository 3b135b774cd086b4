import { type Authority, isSettingName, type SessionView } from '../core/index.ts'

/**
 * Returns how long before its expiry an open stream extends a session: half of its idle time; 0
 * where the profile does not count a stream as use, or the session cannot be extended.
 */
export function extendsBeforeMs({ settings }: Authority, session: SessionView): number {
  if (session.expiresAt >= session.endsAt) return 0
  const settingOf = (key: 'streamUses' | 'idleMs'): unknown => {
    const name = `profile.${session.profile}.${key}`
    return isSettingName(name) ? settings.get(name) : null
  }
  if (settingOf('streamUses') !== true) return 0
  const idleMs = settingOf('idleMs')
  return typeof idleMs === 'number' ? idleMs / 2 : 0
}
