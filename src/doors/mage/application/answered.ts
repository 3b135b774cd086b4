import { calledBack } from './called-back.ts'
import { insideOf, type State } from './state.ts'

/** {@link calledBack}, where what the callback throws fails the command of a state. */
export function answered<T, Callback extends (error: unknown) => void>(
  state: State,
  work: Promise<T>,
  callback: Callback | undefined,
  call: (callback: Callback, value: T) => void,
): Promise<T> {
  return calledBack(work, callback, call, (error) => insideOf(state).crash(error))
}
