import { withFileLock } from '../../../src/client/session/file-lock.ts'

// Takes a lock and keeps it until it is killed.
await withFileLock(process.argv[2] ?? '', 10_000, async () => {
  process.stdout.write('locked\n')
  await new Promise((resolve) => process.stdin.once('end', resolve).resume())
})
