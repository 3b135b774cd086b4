import type { Command } from 'commander'
import { addClientOptions, clientOf, formatOf } from '../client-options.ts'
import { printFields, printJson, write } from '../output.ts'
import { canPrompt } from '../password.ts'
import { localTime } from '../plain-text.ts'
import { usage } from '../usage.ts'

interface PendingDevice {
  readonly address: string | null
  readonly userAgent: string | null
  readonly label: string | null
  readonly profile: string
  readonly startedAt: number
}

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
  const body = { userCode }
  const pending = await api.request<PendingDevice>('POST', '/v1/device/lookup', { body })
  if (!json) await print(pending)
  if (verb === 'approve' && yes !== true) {
    const { confirm } = await import('@inquirer/prompts')
    const message = 'Is this your device, and do you allow it to log in as you?'
    const confirmed = await confirm({ message, default: false }, { output: process.stderr })
    if (!confirmed) return write('Not approved.\n')
  }
  await api.request('POST', `/v1/device/${verb}`, { body })
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
