import type { Command } from '../define-command.ts'
import { accountCommands } from './account.ts'
import { adminCommands } from './admin.ts'
import { clientCommands } from './clients.ts'
import { delegationCommands } from './delegation.ts'
import { deviceCommands } from './device.ts'
import { sessionCommands } from './session.ts'

/** The commands that every server has. */
export const builtInCommands: readonly Command[] = [
  ...sessionCommands,
  ...delegationCommands,
  ...deviceCommands,
  ...accountCommands,
  ...adminCommands,
  ...clientCommands,
]
