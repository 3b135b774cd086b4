import type { Command } from 'commander'
import { addClientOptions, clientOf, formatOf } from '../client-options.ts'
import { printFields, printJson, write } from '../output.ts'
import { canAsk } from '../password.ts'
import { localTime } from '../plain-text.ts'
import { usage } from '../usage.ts'

interface Asking {
  readonly address: string | null
  readonly userAgent: string | null
  readonly label: string | null
  readonly profile: string
  readonly startedAt: number
}

/** `latchkey device`: decides on a device that asks to log in as me. */
export function addDevice(program: Command): void {
  const device = program.command('device').description('Devices that ask to log in as me.')
  const approve = device
    .command('approve')
    .argument('<CODE>', 'the code that the device shows')
    .description('Show who asks, and let it log in as me.')
    .option('--yes', 'do not ask back')
  addClientOptions(approve).action((userCode: string) => decide(approve, 'approve', userCode))
  const deny = device
    .command('deny')
    .argument('<CODE>', 'the code that the device shows')
    .description('Deny a device its login.')
  addClientOptions(deny).action((userCode: string) => decide(deny, 'deny', userCode))
}

async function decide(command: Command, verb: 'approve' | 'deny', userCode: string): Promise<void> {
  const { yes } = command.opts<{ yes?: boolean }>()
  if (verb === 'approve' && yes !== true && !canAsk()) throw usage('--yes is missing.')
  const { api } = clientOf(command)
  const json = formatOf(command) === 'json'
  const body = { userCode }
  const asking = await api.ask<Asking>('POST', '/v1/device/lookup', { body })
  if (!json) await print(asking)
  if (verb === 'approve' && yes !== true) {
    const { confirm } = await import('@inquirer/prompts')
    const message = 'Is that your device, and shall it log in as you?'
    const sure = await confirm({ message, default: false }, { output: process.stderr })
    if (!sure) return write('Nothing was done.\n')
  }
  await api.ask('POST', `/v1/device/${verb}`, { body })
  if (json) return printJson({ ...asking, [verb === 'approve' ? 'approved' : 'denied']: true })
  return write(verb === 'approve' ? 'It may log in.\n' : 'It was denied.\n')
}

function print({ address, userAgent, label, profile, startedAt }: Asking): Promise<void> {
  return printFields([
    ['calls itself', label ?? 'nothing'],
    ['address', address ?? 'unknown'],
    ['program', userAgent ?? 'unknown'],
    ['profile', profile],
    ['asked', localTime(startedAt)],
  ])
}
