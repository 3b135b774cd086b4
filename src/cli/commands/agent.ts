import type { Command } from 'commander'
import { addClientOptions, addFormatOption, formatOf } from '../client-options.ts'
import { addNodePathOption, nodePathOf } from '../node-path.ts'
import { printFields, printJson, write } from '../output.ts'
import { localTime } from '../plain-text.ts'
import { addServerOptions, serverSourcesOf } from './serve.ts'

const PASSWORD_FILE = [
  '--password-file <FILE>',
  'the password’s file, - for standard input (LATCHKEY_PASSWORD holds one; else asked for on a terminal)',
] as const

/** `latchkey agent`: the agent on one’s own machine, unlocked once and used until it is locked. */
export function addAgent(program: Command): void {
  const agent = program.command('agent').description('The agent on this machine, and its session.')
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
    .description('Run the server as this user’s agent; the first time it makes its owner.')
    .option('--background', 'return once it is up')
    .option(...PASSWORD_FILE)
    .option('--name <NAME>', 'what the owner is called', 'owner')
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
    .description('Stop the agent of this machine, or with --server that one (administrators).')
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
    .description('Say whether the agent runs, and whether it is unlocked. Needs no session.')
  addClientOptions(command).action(async () => {
    const format = formatOf(command)
    const { statusOfAgent } = await import('../agent/status.ts')
    const status = await statusOfAgent(command)
    if (format === 'json') return printJson(status)
    if (status.status !== 'running') {
      return write(`The agent is ${status.status === 'stopped' ? 'not running' : 'starting'}.\n`)
    }
    const { pid, version, addresses, session, expiresAt } = status
    const until = expiresAt === null ? '' : `, until ${localTime(expiresAt)} if unused`
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
    .description('Begin a session with the password; the session file keeps it.')
    .option(...PASSWORD_FILE)
    .option('--identity <NAME>', 'name or e-mail; the owner by default')
  addClientOptions(command)
    .addHelpText('after', UNLOCK_HELP)
    .action(async () => {
      const format = formatOf(command)
      const { unlockAgent } = await import('../agent/unlock.ts')
      const { sessionId, expiresAt } = await unlockAgent(command)
      if (format === 'json') return printJson({ sessionId, expiresAt })
      return write(`Unlocked, until ${localTime(expiresAt)} if unused.\n`)
    })
}

function addLock(agent: Command): void {
  const command = agent
    .command('lock')
    .description('Forget the session on this machine. Needs no agent.')
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
    .description('End every session of this actor, everywhere and at once.')
    .option(...PASSWORD_FILE)
  addClientOptions(command).action(async () => {
    const format = formatOf(command)
    const { lockAllOfAgent } = await import('../agent/unlock.ts')
    await lockAllOfAgent(command)
    return format === 'json' ? printJson({ locked: true }) : write('Locked everywhere.\n')
  })
}

const START_HELP = `
The node path has status.json while it runs, the log of one in the background (agent.log), and by default its data. An agent that
runs already: exit code 75.

Examples:
  latchkey agent start --background --password-file password.txt
  latchkey agent unlock && latchkey sessions`

const UNLOCK_HELP = `
The password: --password-file, else LATCHKEY_PASSWORD, else asked for on a terminal, at most three times. Other commands take
--password-file or LATCHKEY_PASSWORD where they have the flag, else LATCHKEY_TOKEN, else the session file, and never ask.`
