import type { Command } from 'commander'
import { addClientOptions, addFormatOption, formatOf } from '../client-options.ts'
import { addYesOption, confirm } from '../confirm.ts'
import { addNodePathOption, nodePathOf } from '../node-path.ts'
import { printFields, printJson, write } from '../output.ts'
import { localTime } from '../plain-text.ts'
import { addServerOptions, serverSourcesOf } from './serve.ts'

const PASSWORD_FILE = [
  '--password-file <FILE>',
  'a file with the password, - for standard input (LATCHKEY_PASSWORD; else a terminal prompts for it)',
] as const

/** Defines `latchkey agent`. */
export function defineAgent(agent: Command): void {
  addStart(agent)
  addStop(agent)
  addStatus(agent)
  addUnlock(agent)
  addLock(agent)
  addLockAll(agent)
}

function addStart(agent: Command): void {
  const command = agent
    .command('start')
    .description('Run the server as the agent of this user. The first start creates its owner.')
    .option('--background', 'run in the background; return when the agent is ready')
    .option(...PASSWORD_FILE)
    .option('--name <NAME>', 'the name of the owner', 'owner')
  command.addOption(command.createOption('--supervised').hideHelp())
  addServerOptions(addNodePathOption(command))
    .addHelpText('after', START_HELP)
    .action(async () => {
      const { background, supervised, passwordFile, name } = command.opts<{
        background?: boolean
        supervised?: boolean
        passwordFile?: string
        name: string
      }>()
      const start = await import('../agent/start.ts')
      const nodePath = nodePathOf(command)
      if (background === true) return start.startInBackground({ nodePath, passwordFile })
      const sources = serverSourcesOf(command)
      const options = { nodePath, passwordFile, name, sources }
      return supervised === true ? start.startSupervised(options) : start.startAgent(options)
    })
}

function addStop(agent: Command): void {
  const command = agent
    .command('stop')
    .description('Stop the local agent, or with --server another one (administrators).')
    .option(...PASSWORD_FILE)
  addClientOptions(command).action(async () => {
    const format = formatOf(command)
    const { stopAgent } = await import('../agent/stop.ts')
    const stopped = await stopAgent(command)
    if (format === 'json') return printJson({ stopped })
    return write(stopped ? 'The agent has stopped.\n' : 'The agent is not running.\n')
  })
}

function addStatus(agent: Command): void {
  const command = agent
    .command('status')
    .description('Show whether the agent runs and whether it is unlocked. Needs no session.')
  addClientOptions(command).action(async () => {
    const format = formatOf(command)
    const { getAgentStatus } = await import('../agent/status.ts')
    const status = await getAgentStatus(command)
    if (format === 'json') return printJson(status)
    if (status.status !== 'running') {
      return write(`The agent is ${status.status === 'stopped' ? 'not running' : 'starting'}.\n`)
    }
    const { pid, version, addresses, session, expiresAt } = status
    const until = expiresAt === null ? '' : `; expires at ${localTime(expiresAt)} unless it is used`
    return printFields([
      ['status', 'running'],
      ['session', `${session}${until}`],
      ['pid', String(pid)],
      ['version', version],
      ...addresses.map(({ door, address }) => [door, address] as const),
    ])
  })
}

function addUnlock(agent: Command): void {
  const command = agent
    .command('unlock')
    .description('Log in with the password and save the session in the session file.')
    .option(...PASSWORD_FILE)
    .option('--identity <NAME>', 'name or e-mail address (default: the owner)')
  addClientOptions(command)
    .addHelpText('after', UNLOCK_HELP)
    .action(async () => {
      const format = formatOf(command)
      const { unlockAgent } = await import('../agent/unlock.ts')
      const { sessionId, expiresAt } = await unlockAgent(command)
      if (format === 'json') return printJson({ sessionId, expiresAt })
      return write(`Unlocked. The session expires at ${localTime(expiresAt)} unless it is used.\n`)
    })
}

function addLock(agent: Command): void {
  const command = agent
    .command('lock')
    .description('Remove the session file. Needs no running agent.')
  addFormatOption(addNodePathOption(command)).action(async () => {
    const format = formatOf(command)
    const { lockAgent } = await import('../agent/unlock.ts')
    await lockAgent(command)
    return format === 'json' ? printJson({ locked: true }) : write('Locked.\n')
  })
}

function addLockAll(agent: Command): void {
  const command = agent
    .command('lockall')
    .description('End every session of this actor on every device.')
    .option(...PASSWORD_FILE)
  addClientOptions(addYesOption(command)).action(async () => {
    const format = formatOf(command)
    await confirm(command, 'End every session of yours on every device?')
    const { lockAllSessions } = await import('../agent/unlock.ts')
    await lockAllSessions(command)
    return format === 'json' ? printJson({ locked: true }) : write('Locked everywhere.\n')
  })
}

const START_HELP = `
The node path holds status.json while the agent runs, its log if it runs in the background (agent.log), and by default its data. If
an agent already runs, the exit code is 75.

Examples:
  latchkey agent start --background --password-file password.txt
  latchkey agent unlock && latchkey sessions`

const UNLOCK_HELP = `
The password is that of --password-file, else LATCHKEY_PASSWORD, else a terminal prompts for it, three times at most. Other commands
never prompt: they use --password-file or LATCHKEY_PASSWORD if they have that flag, else LATCHKEY_TOKEN, else the session file.`
