/** Runs three nodes on a private PostgreSQL, until it is interrupted. Flags are passed on to every node. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClusterNode, startNode } from '../test/support/cluster.ts'
import { startPostgres } from '../test/support/postgres.ts'

const args = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'latchkey-cluster-'))
const database = await startPostgres({ settings: { fsync: 'on' } })
const nodes: ClusterNode[] = []
try {
  for (const name of ['one', 'two', 'three']) {
    nodes.push(await startNode({ name, database: database.url, folder, args, log: 'warn' }))
  }
  process.stdout.write(instructions(nodes))
  const interrupts = ['SIGINT', 'SIGTERM'].map((signal) => once(process, signal))
  const exits = nodes.map(({ child }) => once(child, 'exit'))
  await Promise.race([...interrupts, Promise.all(exits)])
} finally {
  await Promise.all(nodes.map((node) => node.stop()))
  await database.stop()
  rmSync(folder, { recursive: true, force: true })
}

function instructions(running: readonly ClusterNode[]): string {
  const [one = '', two = '', three = ''] = running.map(({ addresses }) => addresses['http'])
  const claim = running.flatMap(({ printed }) => printed.match(/admin claim \w+/) ?? []).at(0)
  const json = "-H 'content-type: application/json'"
  const bearer = '-H "authorization: Bearer $TOKEN"'
  const lines = [
    'Three nodes on one database:',
    ...running.map(({ name, addresses }) =>
      [`  ${name.padEnd(6)}`, ...Object.entries(addresses).map((door) => door.join(' '))].join(
        '  ',
      ),
    ),
    '',
    'Register, and log in at the first:',
    `  curl -s ${one}/v1/actors ${json} -d '{"name":"ada","password":"p"}'`,
    `  TOKEN=$(curl -s ${one}/v1/sessions ${json} -d '{"identity":"ada","password":"p"}' | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')`,
    'Known at the second:',
    `  curl -s ${two}/v1/session ${bearer}`,
    'Revoked at the third:',
    `  curl -si -X DELETE ${three}/v1/session ${bearer}`,
    'Refused at the first and the second, with the reason:',
    `  curl -s ${one}/v1/session ${bearer}; echo; curl -s ${two}/v1/session ${bearer}`,
    '',
    `The nodes:   npm run latchkey -- nodes --database ${database.url}`,
    ...(claim === undefined
      ? []
      : [`Administrator:   npm run latchkey -- ${claim} --server ${one}`]),
    'Stop with Ctrl-C.',
  ]
  return lines.map((line) => `${line}\n`).join('')
}
