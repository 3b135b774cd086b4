/**
 * A check of the values of a setting. Not a schema library, because loading one takes half of the
 * package's import time.
 */
export interface SettingCheck<T> {
  /** Completes “the value …”: `must be true or false`. */
  readonly message: string
  accepts(value: unknown): value is T
}

/** Returns a check for whole numbers in a range. */
export function whole(min: number, max: number): SettingCheck<number> {
  return {
    message: `must be a whole number from ${min} to ${max}`,
    accepts: (value): value is number =>
      Number.isSafeInteger(value) && inRange(value as number, min, max),
  }
}

/** Returns a check for numbers in a range. */
export function number(min: number, max: number): SettingCheck<number> {
  return {
    message: `must be a number from ${min} to ${max}`,
    accepts: (value): value is number =>
      Number.isFinite(value) && inRange(value as number, min, max),
  }
}

/** Accepts `true` and `false`. */
export const truth: SettingCheck<boolean> = {
  message: 'must be true or false',
  accepts: (value) => typeof value === 'boolean',
}

/** Returns a check for one of the given texts. */
export function oneOf<T extends string>(...values: readonly T[]): SettingCheck<T> {
  return {
    message: `must be one of ${values.join(', ')}`,
    accepts: (value): value is T => values.some((each) => each === value),
  }
}

/** Returns a check for lists of non-empty texts. */
export function texts(maxItems: number, maxLength: number): SettingCheck<readonly string[]> {
  return {
    message: `must be a list of at most ${maxItems} texts of 1 to ${maxLength} characters`,
    accepts: (value): value is readonly string[] =>
      Array.isArray(value) &&
      value.length <= maxItems &&
      value.every((item) => typeof item === 'string' && inRange(item.length, 1, maxLength)),
  }
}

/** Returns a check that also accepts null. */
export function nullable<T>({ message, accepts }: SettingCheck<T>): SettingCheck<T | null> {
  return {
    message: `${message}, or null`,
    accepts: (value): value is T | null => value === null || accepts(value),
  }
}

function inRange(value: number, min: number, max: number): boolean {
  return value >= min && value <= max
}
