import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { usage } from './usage.ts'

/** Adds `--node-path`: the folder that the agent and its clients share. */
export function addNodePathOption(command: Command): Command {
  return command.option(
    '--node-path <DIR>',
    'the folder of the agent and the session file (LATCHKEY_NODE_PATH; default: in the user’s data folder)',
  )
}

/** Returns the node path: that of the flag, else of `LATCHKEY_NODE_PATH`, else the default of the operating system. */
export function nodePathOf(command: Command): string {
  const { nodePath } = command.opts<{ nodePath?: string }>()
  const { env, platform } = process
  return resolve(nodePath ?? (env['LATCHKEY_NODE_PATH'] || defaultNodePath(env, platform)))
}

function defaultNodePath(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  if (platform === 'darwin') return join(home(), 'Library/Application Support/latchkey')
  if (platform === 'win32') {
    return join(env['LOCALAPPDATA'] || join(home(), 'AppData', 'Local'), 'latchkey')
  }
  const data = env['XDG_DATA_HOME'] ?? ''
  return join(isAbsolute(data) ? data : join(home(), '.local/share'), 'latchkey')
}

// A relative home would put secrets into the current folder.
function home(): string {
  const folder = homeOfSystem()
  if (isAbsolute(folder)) return folder
  throw usage('--node-path is missing: the user has no home folder.')
}

function homeOfSystem(): string {
  try {
    return homedir()
  } catch {
    return ''
  }
}
