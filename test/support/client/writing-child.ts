import { Session } from '../../../src/client/session/session.ts'

// Writes the session file for as long as it lives, or as often as it is told: tokens of one letter, long enough to be torn.
const [clientPath = '', letters = '', times = 'Infinity'] = process.argv.slice(2)
const session = new Session({ clientPath, lockTimeoutMs: 60_000 })
for (let at = 0; at < Number(times); at++) {
  const letter = letters[at % letters.length] ?? ''
  await session.start({ token: letter.repeat(4000) })
  if (at === 0) process.stdout.write('writing\n')
}
