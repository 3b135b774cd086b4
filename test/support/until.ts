import assert from 'node:assert/strict'

/** Waits until a condition is met. Fails after 5 seconds, or after `ms`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  ms = 5_000,
): Promise<void> {
  const end = performance.now() + ms
  while (!(await condition())) {
    assert.ok(performance.now() < end, `The condition was not met within ${ms} ms.`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
