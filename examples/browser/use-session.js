/** A React hook: the session of the page, and why the last one ended. Every component that uses it is drawn again at a change. */
import { createBrowserClient } from 'latchkey/browser'
import { useSyncExternalStore } from 'react'

export const client = createBrowserClient()

const ON_THE_SERVER = { current: undefined, ended: null }
let state = ON_THE_SERVER
const redraw = new Set()

client.subscribe((change) => {
  state = { current: client.current, ended: change.kind === 'ended' ? change.reason : null }
  for (const listener of redraw) listener()
})

function subscribe(listener) {
  redraw.add(listener)
  return () => redraw.delete(listener)
}

/** `const { actor, loading, ended } = useSession()` */
export function useSession() {
  const getState = () => state
  const { current, ended } = useSyncExternalStore(subscribe, getState, () => ON_THE_SERVER)
  return {
    loading: current === undefined,
    session: current?.session ?? null,
    actor: current?.actor ?? null,
    ended,
  }
}
