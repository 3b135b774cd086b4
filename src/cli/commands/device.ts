import type { Command } from 'commander'
import type { PendingDevice } from '../../client/http/index.ts'
import { addClientOptions, clientOf, formatOf } from '../client-options.ts'
import { printFields, printJson, write } from '../output.ts'
import { canPrompt } from '../password.ts'
import { localTime } from '../plain-text.ts'
import { usage } from '../usage.ts'

/** Defines `latchkey device`. */
export function defineDevice(device: Command): void {
  const approve = device
    .command('approve')
    .argument('<CODE>', 'the code that the device shows')
    .description('Show the device, and allow it to log in as you.')
    .option('--yes', 'approve without a prompt')
  addClientOptions(approve).action((userCode: string) => decide(approve, 'approve', userCode))
  const deny = device
    .command('deny')
    .argument('<CODE>', 'the code that the device shows')
    .description('Deny the login of a device.')
  addClientOptions(deny).action((userCode: string) => decide(deny, 'deny', userCode))
}

async function decide(command: Command, verb: 'approve' | 'deny', userCode: string): Promise<void> {
  const { yes } = command.opts<{ yes?: boolean }>()
  if (verb === 'approve' && yes !== true && !canPrompt()) throw usage('--yes is missing.')
  const { api } = clientOf(command)
  const json = formatOf(command) === 'json'
  const pending = await api.findDevice(userCode)
  if (!json) await print(pending)
  if (verb === 'approve' && yes !== true) {
    const { confirm } = await import('@inquirer/prompts')
    const message = 'Is this your device, and do you allow it to log in as you?'
    const confirmed = await confirm({ message, default: false }, { output: process.stderr })
    if (!confirmed) return write('Not approved.\n')
  }
  await (verb === 'approve' ? api.approveDevice(userCode) : api.denyDevice(userCode))
  if (json) return printJson({ ...pending, [verb === 'approve' ? 'approved' : 'denied']: true })
  return write(verb === 'approve' ? 'Approved.\n' : 'Denied.\n')
}

function print({ address, userAgent, label, profile, startedAt }: PendingDevice): Promise<void> {
  return printFields([
    ['label', label ?? 'none'],
    ['address', address ?? 'unknown'],
    ['program', userAgent ?? 'unknown'],
    ['profile', profile],
    ['requested', localTime(startedAt)],
  ])
}
