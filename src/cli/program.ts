import { Command } from 'commander'
import { version } from './version.ts'

/** A command: its line in `latchkey --help`, and what adds its flags, subcommands and action. */
interface CommandEntry {
  readonly about: string
  readonly load: () => Promise<(command: Command) => void>
}

const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  serve: {
    about: 'Run the server.',
    load: async () => (await import('./commands/serve.ts')).defineServe,
  },
  agent: {
    about: 'Run and use the agent on this machine.',
    load: async () => (await import('./commands/agent.ts')).defineAgent,
  },
  login: {
    about: 'Log in, and print the token or save it in the session file.',
    load: async () => (await import('./commands/login.ts')).defineLogin,
  },
  logout: {
    about: 'End your session and remove its session file.',
    load: async () => (await import('./commands/whoami.ts')).defineLogout,
  },
  whoami: {
    about: 'Show your actor and your session.',
    load: async () => (await import('./commands/whoami.ts')).defineWhoAmI,
  },
  device: {
    about: 'Approve or deny a device that asks to log in as you.',
    load: async () => (await import('./commands/device.ts')).defineDevice,
  },
  admin: {
    about: 'Create the first administrator, or recover administration.',
    load: async () => (await import('./commands/admin.ts')).defineAdmin,
  },
  account: {
    about: 'Register, export or delete your account, or choose a new password with a code.',
    load: async () => (await import('./commands/account.ts')).defineAccount,
  },
  actors: {
    about: 'Manage actors (administrators).',
    load: async () => (await import('./commands/actors.ts')).defineActors,
  },
  sessions: {
    about: 'List and end sessions: yours or, as an administrator, all.',
    load: async () => (await import('./commands/sessions.ts')).defineSessions,
  },
  clients: {
    about: 'Register and remove OAuth clients (administrators).',
    load: async () => (await import('./commands/clients.ts')).defineClients,
  },
  settings: {
    about: 'Show and change settings (administrators).',
    load: async () => (await import('./commands/settings.ts')).defineSettings,
  },
  audit: {
    about: 'Show the audit trail, newest entries first (administrators).',
    load: async () => (await import('./commands/audit.ts')).defineAudit,
  },
  backup: {
    about: 'Copy the data of a server into a file, while it runs.',
    load: async () => (await import('./commands/backup.ts')).defineBackup,
  },
  restore: {
    about: 'Replace the data of a stopped server by a backup.',
    load: async () => (await import('./commands/backup.ts')).defineRestore,
  },
  prune: {
    about: 'Delete expired records now (administrators).',
    load: async () => (await import('./commands/prune.ts')).definePrune,
  },
  migrate: {
    about: 'Migrate the database, or show what that would do.',
    load: async () => (await import('./commands/migrate.ts')).defineMigrate,
  },
  nodes: {
    about: 'List the nodes that use the database.',
    load: async () => (await import('./commands/nodes.ts')).defineNodes,
  },
  completion: {
    about: 'Print the completion script for a shell.',
    load: async () => (await import('./commands/completion.ts')).defineCompletion,
  },
}

/**
 * Makes the command line for the given arguments. Only the command that they name is loaded, because loading all of them takes
 * longer than most commands; `completion` needs them all. Nothing here ends the process: an error is thrown as a `CommanderError` or a
 * `LatchkeyError`.
 */
export async function createProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('latchkey')
    .description('One session, every door: runs and administers a session authority.')
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({ outputError: () => undefined })
  const named = args.find((arg) => !arg.startsWith('-') && arg !== 'help')
  for (const [name, { about, load }] of Object.entries(COMMANDS)) {
    const command = program.command(name).description(about)
    if (named !== name && named !== 'completion') continue
    const define = await load()
    define(command)
  }
  return program.addHelpText('after', EXAMPLES)
}

const EXAMPLES = `
Examples:
  latchkey agent start --background && latchkey agent unlock
  latchkey serve --dev
  latchkey admin claim CODE --name root
  export LATCHKEY_TOKEN=$(latchkey login --identity root)
  latchkey sessions list

Exit codes: 0 success, 64 usage, 65 invalid data or a token that is no longer valid, 69 no server, 75 try again, 77 not allowed,
78 configuration.`
