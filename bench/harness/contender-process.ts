import type { ContenderModule, Prepared, Reply, Request } from './contender.ts'

// The far side of `startContender`: one module, prepared once, measured as often as it is asked.

let prepared: Prepared | null = null

async function answer(request: Request): Promise<unknown> {
  if (request.kind === 'prepare') {
    const url = new URL(`../contenders/${request.module}.ts`, import.meta.url)
    const module = (await import(url.href)) as ContenderModule<unknown>
    prepared = await module.prepare(request.options)
    return prepared.facts ?? {}
  }
  if (prepared === null) throw new Error('nothing is prepared')
  if (request.kind === 'close') return await prepared.close()
  // A server is asked for 0 ms before and after others have worked on it: no collection between those.
  if (request.ms > 0) globalThis.gc?.()
  return await prepared.measure(request.ms)
}

function send(reply: Reply): void {
  process.send?.(reply)
}

process.on('message', (request: Request) => {
  answer(request).then(
    (value) => send({ ok: true, value: value ?? null }),
    (error: unknown) =>
      send({ ok: false, error: error instanceof Error ? (error.stack ?? '') : String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
