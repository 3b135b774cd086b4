import type { AngenCommand } from '../command.ts'
import { accountCommands } from './account.ts'
import { authCommands } from './auth.ts'
import { communicationCommands } from './communication.ts'
import { connectionCommands } from './connections.ts'
import { sessionCommands } from './sessions.ts'
import { systemCommands } from './system.ts'

/** The commands of the protocol itself. */
export const angenCommands: readonly AngenCommand[] = [
  ...authCommands,
  ...accountCommands,
  ...connectionCommands,
  ...communicationCommands,
  ...sessionCommands,
  ...systemCommands,
]
