import { createAuthority } from '../core/index.ts'
import { type BackupReport, backupData, hasData, restoreData } from '../stores/sqlite/backup.ts'
import { sqlite } from '../stores/sqlite/index.ts'

export { type BackupReport, backupData, hasData }

/**
 * Replaces the data of a folder by a backup, and ends all sessions of the backup unless they are kept. Throws as `restoreData` does.
 */
export async function restoreBackup(
  folder: string,
  from: string,
  { keepSessions }: { readonly keepSessions: boolean },
): Promise<ReturnType<typeof restoreData>> {
  const restored = restoreData(folder, from)
  if (keepSessions) return restored
  const authority = await createAuthority({ store: sqlite({ folder }), pruneEveryMs: 0 })
  try {
    await authority.sessions.lockAll({ door: 'cli' })
  } finally {
    await authority.close()
  }
  return restored
}
