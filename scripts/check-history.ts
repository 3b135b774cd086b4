/** Checks random histories of three nodes under faults: `npm run check:history -- --seconds 120 --seed 7`. */
import { parseArgs } from 'node:util'
import { runHistory } from '../test/support/history.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
})
const seed = Number(values.seed)
console.log(`seed ${seed}`)
const { operations, faults, unavailable, violations } = await runHistory({
  seed,
  seconds: Number(values.seconds),
})
console.log(
  `${operations} operations, ${faults} faults, ${unavailable} unavailable, ${violations.length} violations`,
)
for (const violation of violations.slice(0, 20)) console.log(violation)
process.exitCode = violations.length === 0 ? 0 : 1
