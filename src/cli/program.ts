import { Command } from 'commander'
import { addActors } from './commands/actors.ts'
import { addAdmin } from './commands/admin.ts'
import { addAgent } from './commands/agent.ts'
import { addAudit } from './commands/audit.ts'
import { addCompletion } from './commands/completion.ts'
import { addDevice } from './commands/device.ts'
import { addLogin } from './commands/login.ts'
import { addPrune } from './commands/prune.ts'
import { addServe } from './commands/serve.ts'
import { addSessions } from './commands/sessions.ts'
import { addSettings } from './commands/settings.ts'
import { addLogout, addWhoAmI } from './commands/whoami.ts'
import { version } from './version.ts'

/** Makes the command line. It never ends the process: what is wrong is thrown, as a `CommanderError` or a `LatchkeyError`. */
export function createProgram(): Command {
  const program = new Command('latchkey')
    .description('One session, every door: runs a session authority, and administers one.')
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'print this')
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({ outputError: () => undefined })
  addServe(program)
  addAgent(program)
  addLogin(program)
  addLogout(program)
  addWhoAmI(program)
  addDevice(program)
  addAdmin(program)
  addActors(program)
  addSessions(program)
  addSettings(program)
  addAudit(program)
  addPrune(program)
  addCompletion(program)
  return program.addHelpText('after', EXAMPLES)
}

const EXAMPLES = `
Examples:
  latchkey agent start --background && latchkey agent unlock
  latchkey serve --dev
  latchkey admin claim CODE --name root
  export LATCHKEY_TOKEN=$(latchkey login --identity root)
  latchkey sessions list

Exit codes: 0 done, 64 usage, 65 bad data or a dead token, 69 no server, 75 try again, 77 not allowed, 78 configuration.`
