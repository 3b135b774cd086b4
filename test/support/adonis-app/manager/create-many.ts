import { Session } from './models.js'
import { User } from './setup.js'

// One of the processes of processes.spec.ts: makes ten sessions of one user at once.
const user = await User.findOrFail(Number(process.argv[2]))
await Promise.all(Array.from({ length: 10 }, () => Session.manager.create(user)))
// The pool is not closed: a connection that closes meanwhile would fail a process that has done its work.
process.exit(0)
