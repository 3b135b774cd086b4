import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { usage } from './usage.ts'

/** Gives a command the flag of the folder that the agent and its clients share. */
export function addNodePathOption(command: Command): Command {
  return command.option(
    '--node-path <DIR>',
    'where agent and session are kept (LATCHKEY_NODE_PATH, else in the user’s data folder)',
  )
}

/** The node path that a command’s flag, the environment or the custom of the system says. */
export function nodePathOf(command: Command): string {
  const { nodePath } = command.opts<{ nodePath?: string }>()
  const { env, platform } = process
  return resolve(nodePath ?? (env['LATCHKEY_NODE_PATH'] || customary(env, platform)))
}

function customary(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  if (platform === 'darwin') return join(home(), 'Library/Application Support/latchkey')
  if (platform === 'win32') {
    return join(env['LOCALAPPDATA'] || join(home(), 'AppData', 'Local'), 'latchkey')
  }
  const data = env['XDG_DATA_HOME'] ?? ''
  return join(isAbsolute(data) ? data : join(home(), '.local/share'), 'latchkey')
}

// A relative one would put secrets into whatever folder one happens to stand in.
function home(): string {
  const folder = homeOfSystem()
  if (isAbsolute(folder)) return folder
  throw usage('--node-path is missing: there is no home folder.')
}

function homeOfSystem(): string {
  try {
    return homedir()
  } catch {
    return ''
  }
}
